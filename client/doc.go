// Package client is a client of the registry's REST API, Confluent's or this
// project's, and the cache that serializers and deserializers stand on. These
// are in the package serde below it.
//
// A [Client] has a method for each call of the API, named after it. A call is sent to the URL that answered last; what fails in a way that
// may pass is repeated after a while, as far as it may be repeated, and then sent to the next URL. Each attempt has a
// time, each answer a greatest length. What goes wrong is an [Error], in which errors.Is and errors.As find the reason.
//
// A [Cache] keeps what the registry answered, and has each question asked once.
//
// A [UsageReporter] tells a registry of this project which versions its application uses, so that it knows whom a change would meet.
package client
