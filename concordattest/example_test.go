package concordattest_test

import (
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/concordattest"
)

func ExampleStart() {
	_ = func(t *testing.T) { // TestOrders, say
		reg := concordattest.Start(t, concordattest.WithKafka("orders"))
		reg.Register("orders-value", `{"type": "record", "name": "Order", "fields": [{"name": "id", "type": "string"}]}`,
			func(q *api.RegisterRequest) {
				q.RuleSet = &api.RuleSet{DomainRules: []api.Rule{
					{Name: "hasId", Kind: api.KindCondition, Mode: api.ModeWrite, Type: "CEL", Expr: `message.id != ""`},
				}}
			})
		// The program under test is given reg.URL and reg.Brokers(), or reg.Client().
	}
}

func ExampleNew() {
	reg, err := concordattest.New()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer reg.Close()
	reg.Register("greeting-value", `"string"`)

	answer, err := http.Get(reg.URL + "/subjects")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer answer.Body.Close()
	body, _ := io.ReadAll(answer.Body)
	fmt.Println(string(body))
	// Output: ["greeting-value"]
}
