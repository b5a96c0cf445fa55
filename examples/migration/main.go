// Migration shows a breaking change that breaks nobody: programs of version 1 and 2 of a contract write to one topic at the same time,
// and each reads what all have written, in its own version.
//
// It needs nothing: the registry and the broker are in the process. KAFKA=host:port takes a real broker, REGISTRY=URL a real
// registry; what the program makes there has a name of its own, and is deleted at the end.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"os/signal"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	s, err := newStage(ctx, os.Getenv("KAFKA"), os.Getenv("REGISTRY"))
	if err != nil {
		log.Fatal(err)
	}
	err = play(ctx, os.Stdout, s)
	if problem := s.close(); problem != nil {
		log.Print(problem)
	}
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("\nEverybody has read what they should.")
}
