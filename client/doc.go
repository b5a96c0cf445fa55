// Package client is a client of the registry's REST API, Confluent's or this
// project's, and the cache that serializers and deserializers stand on. These
// are in the package serde below it.
package client
