package server_test

import (
	"fmt"
	"net/http"
	"path/filepath"
	"testing"

	"github.com/seed-9f7c7091/concordat/registry"
	"github.com/seed-9f7c7091/concordat/server"
	"github.com/seed-9f7c7091/concordat/server/replaytest"
	"github.com/seed-9f7c7091/concordat/storage"
	"github.com/seed-9f7c7091/concordat/storage/bolt"
	"github.com/seed-9f7c7091/concordat/storage/storagetest"
)

// While the store cannot be written, writes answer what failed, reads and the
// registration of what is there go on, and nothing is changed.
func TestStoreUnavailable(t *testing.T) {
	for _, c := range []struct {
		fault  error
		status int
		code   int
	}{
		{fmt.Errorf("%w: no space left on device", storage.ErrUnavailable), http.StatusInternalServerError, 50001},
		{storage.ErrTimeout, http.StatusInternalServerError, 50002},
		{storage.ErrNoLeader, http.StatusInternalServerError, 50004},
	} {
		t.Run(c.fault.Error(), func(t *testing.T) {
			inner, err := bolt.Open(filepath.Join(t.TempDir(), "test.db"), bolt.Options{Buckets: registry.Buckets(), NoSync: true}, registry.Apply)
			if err != nil {
				t.Fatal(err)
			}
			defer inner.Close()
			store := &storagetest.Faulty{Store: inner}
			reg, err := registry.New(store, registry.DefaultSettings())
			if err != nil {
				t.Fatal(err)
			}
			srv, err := server.New(reg, store, server.DefaultSettings())
			if err != nil {
				t.Fatal(err)
			}
			client := replaytest.NewClient(serve(t, srv))
			defer client.Close()
			send(t, client, "POST", "/subjects/s/versions", stringSchema)
			store.Fail(c.fault)
			a := send(t, client, "POST", "/subjects/t/versions", stringSchema)
			if want := fmt.Sprintf(`{"error_code":%d,`, c.code); a.Status != c.status || len(a.Body) < len(want) || string(a.Body[:len(want)]) != want {
				t.Errorf("register: %d %s, want %d %s…", a.Status, a.Body, c.status, want)
			}
			for _, still := range [][3]string{{"GET", "/subjects", ""}, {"GET", "/schemas/ids/1", ""}, {"POST", "/subjects/s/versions", stringSchema}} {
				if a := send(t, client, still[0], still[1], still[2]); a.Status != http.StatusOK {
					t.Errorf("%s %s: %d %s", still[0], still[1], a.Status, a.Body)
				}
			}
			store.Fail(nil)
			if a := send(t, client, "GET", "/subjects", ""); string(a.Body) != `["s"]` {
				t.Errorf("the refused registration left %s", a.Body)
			}
			if a := send(t, client, "POST", "/subjects/t/versions", stringSchema); a.Status != http.StatusOK {
				t.Errorf("once the store is back: %d %s", a.Status, a.Body)
			}
		})
	}
}
