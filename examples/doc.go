// Package examples holds programs to begin with. Each is short enough to be read whole.
//
//	go run ./examples/migration          everything in one process: a registry, a broker, old and new programs
//
// The others need a registry and a broker, at localhost or where REGISTRY and KAFKA say:
//
//	go run ./examples/produce -v 1       writes people as version 1 has them; or -v 2
//	go run ./examples/consume -v 2       reads all people as version 2 has them; or -v 1
package examples
