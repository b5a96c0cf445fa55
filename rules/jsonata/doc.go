// Package jsonata evaluates JSONata 2.2 expressions: the query and
// transformation language of https://jsonata.org, for JSON and for anything
// that looks like it.
//
//	expr, err := jsonata.Compile(`Account.Order.Product.(Price * Quantity) ~> $sum()`)
//	…
//	total, err := expr.Eval(ctx, input)
//
// An expression is compiled once and then evaluated any number of times, by any
// number of goroutines. Compiling resolves names to slots and makes closures;
// evaluating allocates for what an expression makes, not for what it reads.
//
// # Input and output
//
// Eval takes what encoding/json yields; [ParseJSON] reads JSON so that objects
// keep their order and large numbers their digits. Structs are read by their
// json tags, other Go values as encoding/json would write them. A program whose records
// are neither implements [Record] and [List]: fields are then read only where the
// expression looks. []byte is a string whose characters are the bytes.
//
// Maps of Go have no order; their names are taken in the order of strings, those
// that are array indices first.
//
// Results are nil (null), bool, float64, string, []any, *[Object] or *[Function], and
// [Undefined] where there is no result. What an expression only passes on
// leaves as it came: an int64 or a json.Number keeps all its digits. Results
// may share memory with the input, which is never changed.
//
// # Errors
//
// All errors are *[Error], with the official code (S… syntax, T… types, D…
// values), the position, the token and the values at fault. [Error.Column] gives
// the place for people.
//
// # Limits
//
// Expressions may come from anyone. [Limits] bound the work, the depth of calls,
// the length of sequences, the memory and the time of every evaluation, and are set unless they are
// lifted; the context's end ends an evaluation as well. An expression has at most
// [MaxSource] bytes, brackets nested 500 deep at most, and regular expressions run in linear time.
//
// # Functions
//
// With their signatures, as in the official documentation:
//
//	strings   $string<x-b?:s> $substring<s-nn?:s> $substringBefore<s-s:s> $substringAfter<s-s:s> $lowercase<s-:s>
//	          $uppercase<s-:s> $length<s-:n> $trim<s-:s> $pad<s-ns?:s> $match<s-f<s:o>n?:a<o>> $contains<s-(sf):b>
//	          $replace<s-(sf)(sf)n?:s> $split<s-(sf)n?:a<s>> $join<a<s>s?:s> $base64encode<s-:s> $base64decode<s-:s>
//	          $encodeUrlComponent<s-:s> $encodeUrl<s-:s> $decodeUrlComponent<s-:s> $decodeUrl<s-:s>
//	numbers   $sum<a<n>:n> $count<a:n> $max<a<n>:n> $min<a<n>:n> $average<a<n>:n> $number<(nsb)-:n> $floor<n-:n>
//	          $ceil<n-:n> $round<n-n?:n> $abs<n-:n> $sqrt<n-:n> $power<n-n:n> $random<:n> $formatNumber<n-so?:s>
//	          $formatBase<n-n?:s> $formatInteger<n-s:s> $parseInteger<s-s:n>
//	Booleans  $boolean<x-:b> $not<x-:b> $exists<x:b>
//	arrays    $append<xx:a> $reverse<a:a> $shuffle<a:a> $distinct<x:x> $zip<a+> $sort<af?:a>
//	objects   $keys<x-:a<s>> $lookup<x-s:x> $spread<x-:a<o>> $merge<a<o>:o> $sift<o-f?:o> $each<o-f:a>
//	          $clone<(oa)-:o> $type<x:s>
//	functions $map<af> $filter<af> $single<af?> $reduce<afj?:j>
//	time      $now<s?s?:s> $millis<:n> $toMillis<s-s?:n> $fromMillis<n-s?s?:s>
//	others    $eval<sx?:x> $error<s?:x> $assert<bs?:x>
//
// [WithFunction] adds functions of the program's own, [WithBindings] variables.
//
// # Differences from JavaScript
//
// The reference is jsonata-js 2.2.2. What differs, and why:
//
//   - Regular expressions are RE2's, so that none takes exponential time. Look-around and back references are refused when the
//     expression is compiled (code S0303). "." and offsets count characters beyond U+FFFF as one where patterns match
//     them, and ^ and $ with the flag m know only the line feed.
//   - Transforms keep numbers as they are; the reference rounds them to 15 digits on the way through its $clone.
//   - $sort, $distinct and order-by are the reference's, but take time in proportion to n log n, and to n for strings and numbers.
//   - Where the reference ends with an error of JavaScript that has no code, here is a result or the nearest code.
//   - Limits are on by default; depth counts calls of functions, not parts of expressions.
//   - Pictures of numbers and times differ where the reference writes what is no number or date.
package jsonata
