package jsonata

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
)

func benchRecord() map[string]any {
	m := map[string]any{"ssn": "078-05-1120"}
	for i := range 11 {
		m[fmt.Sprintf("field%d", i)] = fmt.Sprintf("value %d", i)
	}
	return m
}

func benchInvoice() any {
	var v any
	if err := json.Unmarshal([]byte(`{"Account":{"Name":"Firefly","Order":[
		{"ID":"o1","Product":[{"SKU":"a","Price":34.45,"Quantity":2},{"SKU":"b","Price":21.67,"Quantity":1}]},
		{"ID":"o2","Product":[{"SKU":"a","Price":34.45,"Quantity":4},{"SKU":"c","Price":107.99,"Quantity":1}]}]}}`), &v); err != nil {
		panic(err)
	}
	return v
}

func benchList(n int) any {
	list := make([]any, n)
	for i := range list {
		list[i] = map[string]any{"id": float64(i), "name": fmt.Sprint("n", i), "price": float64(i % 17)}
	}
	return map[string]any{"list": list}
}

func BenchmarkEval(b *testing.B) {
	ordered := NewObject(12)
	for _, name := range wrap(benchRecord()).names() {
		ordered.Set(name, benchRecord()[name])
	}
	for _, c := range []struct {
		name, expr string
		input      any
	}{
		{"rename", `$merge([$sift($, function($v, $k) {$k != 'ssn'}), {'national_id': $.'ssn'}])`, benchRecord()},
		{"rename ordered", `$merge([$sift($, function($v, $k) {$k != 'ssn'}), {'national_id': $.'ssn'}])`, ordered},
		{"invoice", `$sum(Account.Order.Product.(Price * Quantity))`, benchInvoice()},
		{"map", `$map(list, function($x) {$x.price * 2})`, benchList(1000)},
		{"filter", `$filter(list, function($x) {$x.price > 8})`, benchList(1000)},
		{"reduce", `$reduce(list.price, function($a, $b) {$a + $b})`, benchList(1000)},
		{"path", `a.b.c`, map[string]any{"a": map[string]any{"b": map[string]any{"c": 1.5}}}},
	} {
		b.Run(c.name, func(b *testing.B) {
			e := MustCompile(c.expr)
			ctx := context.Background()
			b.ReportAllocs()
			for b.Loop() {
				if _, err := e.Eval(ctx, c.input); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkCompile(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Compile(`$merge([$sift($, function($v, $k) {$k != 'ssn'}), {'national_id': $.'ssn'}])`); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCompileSum(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Compile(`$sum(Account.Order.Product.(Price * Quantity))`); err != nil {
			b.Fatal(err)
		}
	}
}
