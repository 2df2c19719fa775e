// Program transit serves the transit engine of HashiCorp Vault on the loopback interface: the engine itself, with nothing of Vault
// around it but the form of requests and answers, and one token.
//
//	transit ADDRESS TOKEN
package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/vault/builtin/logical/transit"
	"github.com/hashicorp/vault/sdk/logical"
)

const mount = "/v1/transit/"

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: transit ADDRESS TOKEN")
	}
	engine, err := newEngine(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	handler := &handler{engine: engine, storage: &logical.InmemStorage{}, token: os.Args[2]}
	server := &http.Server{Addr: os.Args[1], Handler: handler, ReadTimeout: 10 * time.Second}
	log.Fatal(server.ListenAndServe())
}

func newEngine(ctx context.Context) (logical.Backend, error) {
	return transit.Factory(ctx, &logical.BackendConfig{
		Logger:      hclog.NewNullLogger(),
		System:      &logical.StaticSystemView{DefaultLeaseTTLVal: time.Hour, MaxLeaseTTLVal: time.Hour},
		StorageView: &logical.InmemStorage{},
		Config:      map[string]string{},
	})
}

type handler struct {
	engine  logical.Backend
	storage logical.Storage
	token   string
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("X-Vault-Token") != h.token {
		answer(w, http.StatusForbidden, map[string]any{"errors": []string{"permission denied"}})
		return
	}
	request, err := h.request(r)
	if err != nil {
		answer(w, http.StatusBadRequest, map[string]any{"errors": []string{err.Error()}})
		return
	}
	response, err := h.engine.HandleRequest(r.Context(), request)
	if status, err := logical.RespondErrorCommon(request, response, err); err != nil || status != 0 {
		said := []string{}
		if err != nil {
			said = append(said, err.Error())
		}
		answer(w, status, map[string]any{"errors": said})
		return
	}
	if response == nil {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	answer(w, http.StatusOK, map[string]any{"data": response.Data})
}

func (h *handler) request(r *http.Request) (*logical.Request, error) {
	path, found := strings.CutPrefix(r.URL.Path, mount)
	if !found {
		return nil, errors.New("no such mount")
	}
	request := &logical.Request{Path: path, Storage: h.storage, Operation: logical.ReadOperation}
	if r.Method == http.MethodGet {
		return request, nil
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		return nil, err
	}
	request.Operation = logical.UpdateOperation
	return request, json.Unmarshal(body, &request.Data)
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(body); err != nil {
		log.Print(err)
	}
}
