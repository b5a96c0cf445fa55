module github.com/seed-9f7c7091/concordat/bench

go 1.26.8

require (
	github.com/seed-9f7c7091/concordat v0.0.0
	go.etcd.io/bbolt v1.5.0
)

require (
	golang.org/x/sys v0.50.0 // indirect
	google.golang.org/protobuf v1.36.12 // indirect
)

replace github.com/seed-9f7c7091/concordat => ../
