package main

import (
	"fmt"
	"strings"
)

// personText is a record of twelve fields, one of which is to be renamed.
const personText = `{
	"id": 4711, "first_name": "Ada", "last_name": "Muster", "email": "ada@example.com",
	"ssn": "078-05-1120", "born": "1990-04-01", "active": true, "score": 97.5,
	"address": {"street": "Hauptstrasse 1", "zip": "8001", "city": "Zuerich"},
	"tags": ["new", "gold"], "manager": "grace", "visits": 12
}`

// invoiceText is an account with two orders of two products each.
const invoiceText = `{"Account": {"Name": "Nordwind", "Order": [
	{"Number": "A-1", "Product": [
		{"Title": "Kettle", "Price": 24.5, "Quantity": 2, "Size": {"Width": 20, "Height": 25}},
		{"Title": "Teapot", "Price": 31.25, "Quantity": 1, "Size": {"Width": 18, "Height": 15}}]},
	{"Number": "A-2", "Product": [
		{"Title": "Cup", "Price": 4.75, "Quantity": 12, "Size": {"Width": 8, "Height": 9}},
		{"Title": "Kettle", "Price": 24.5, "Quantity": 1, "Size": {"Width": 20, "Height": 25}}]}
]}}`

// itemsText is an object with a list of n small ones.
func itemsText(n int) string {
	var b strings.Builder
	b.WriteString(`{"items": [`)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		kind := []string{"book", "disc", "game"}[i%3]
		fmt.Fprintf(&b, `{"id": %d, "kind": %q, "price": %d.25, "count": %d}`, i, kind, i%100, 1+i%7)
	}
	b.WriteString(`]}`)
	return b.String()
}

// longExpression is about a kilobyte of the kind of expressions that people write.
const longExpression = `(
	$full := function($p) { $p.first & ' ' & $p.last };
	$net := function($o) { $o.price * $o.quantity * (1 - ($exists($o.discount) ? $o.discount : 0)) };
	$lines := order.items[quantity > 0 and price != null];
	{
		'id': $string(order.id),
		'customer': $full(customer),
		'email': $lowercase($trim(customer.email)),
		'city': customer.addresses[kind = 'billing'][0].city,
		'total': $round($sum($lines.($net($))), 2),
		'lines': $map($lines, function($l, $i) {
			{'no': $i + 1, 'sku': $uppercase($l.sku), 'net': $round($net($l), 2), 'large': $l.quantity >= 100 ? true : false}
		}),
		'skus': $join($lines.sku, ','),
		'dear': $lines[price > 1000].{'sku': sku, 'price': '€' & $string(price)},
		'labels': $merge(labels.{name: value}),
		'notes': $filter(notes, function($n) { $contains($n.text, /urgent|asap/i) }).text,
		'status': order.state in ['PAID', 'SHIPPED'] ? 'closed' : order.state = 'OPEN' ? 'open' : 'unknown',
		'phone': $replace(customer.phone, /[^0-9+]/, '')
	}
)`
