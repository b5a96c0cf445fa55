//go:build !cgo

package main

const withConfluent = false

func (s *serdes) theirWriting(their, string, any) func() { return nil }

func (s *serdes) theirReading(their, string, []byte, func() any, any) func() { return nil }
