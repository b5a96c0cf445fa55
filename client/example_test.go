package client_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http/httptest"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/client"
)

// Here a stand-in for a registry; in earnest it is its URL that is given to New.
func Example() {
	registry := httptest.NewServer(inTurn(
		says(200, vendorJSON, `{"id":1,"version":1,"schemaType":"AVRO","schema":"\"string\""}`),
		says(404, vendorJSON, `{"error_code":40401,"message":"Subject 'payments-value' not found."}`)))
	defer registry.Close()

	c, err := client.New(registry.URL)
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	ctx := context.Background()

	registered, err := c.Register(ctx, "orders-value", &api.RegisterRequest{Schema: `"string"`}, client.Normalize)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("orders-value has id", registered.ID)

	_, err = c.Version(ctx, "payments-value", -1)
	if errors.Is(err, client.ErrSubjectNotFound) {
		fmt.Println("payments-value is not there")
	}
	// Output:
	// orders-value has id 1
	// payments-value is not there
}

func ExampleFromProperties() {
	c, err := client.FromProperties(map[string]string{
		"schema.registry.url":           "https://one.example:8081,https://two.example:8081",
		"basic.auth.credentials.source": "USER_INFO",
		"basic.auth.user.info":          "me:my password",
		"latest.cache.ttl.sec":          "60",
	})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	fmt.Println(c, "believes the latest version for", c.Cache().LatestTTL())
	// Output: registry at https://one.example:8081,https://two.example:8081 believes the latest version for 1m0s
}
