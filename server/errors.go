package server

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/storage"
)

// operation names what a route does, for the errors of the store: their texts
// differ by operation.
type operation struct {
	store   string // 50001, and the others where they are empty
	timeout string // 50002; empty: answered as 50001
	leader  string // 50004
}

// The operations that write, and one for all that read.
var (
	opRegister      = operation{"Register schema operation failed while writing to the Kafka store", "Register operation timed out", "Leader not known."}
	opDeleteVersion = operation{"Delete Schema Version operation failed while writing to the Kafka store", "Delete Schema Version operation timed out", "Leader not known."}
	opDeleteSubject = operation{"Delete subject operation failed while writing to the Kafka store", "Delete subject operation timed out", "Leader not known."}
	opUpdateConfig  = operation{store: "Failed to update compatibility level"}
	opDeleteConfig  = operation{store: "Failed to delete compatibility level"}
	opUpdateMode    = operation{store: "Failed to update mode"}
	opDeleteMode    = operation{store: "Failed to delete mode"}
	opDeleteContext = operation{store: "Failed to delete context", timeout: "Delete context operation timed out"}
	opAssociate     = operation{store: "Error while updating associations", timeout: "Association operation timed out", leader: "Leader not known."}
	opRead          = operation{store: "Error while reading from the store", timeout: "Request timed out"}
)

// asAPI gives the error that err is answered with.
func (op operation) asAPI(err error) *api.Error {
	var e *api.Error
	var httpError *echo.HTTPError
	switch {
	case errors.As(err, &e):
		return e
	case errors.As(err, &httpError):
		return &api.Error{Code: httpError.Code, Message: statusText(httpError.Code)}
	case errors.Is(err, storage.ErrTooLarge):
		return api.SchemaTooLarge()
	case errors.Is(err, storage.ErrTimeout):
		if op.timeout == "" {
			return &api.Error{Code: api.CodeStoreError, Message: op.store}
		}
		return &api.Error{Code: api.CodeTimeout, Message: op.timeout}
	case errors.Is(err, context.DeadlineExceeded):
		return &api.Error{Code: http.StatusGatewayTimeout, Message: "Request timed out"}
	case errors.Is(err, storage.ErrNoLeader):
		text := op.leader
		if text == "" {
			text = op.store
		}
		return &api.Error{Code: api.CodeUnknownLeader, Message: text}
	case errors.Is(err, storage.ErrUnavailable), errors.Is(err, storage.ErrClosed):
		return &api.Error{Code: api.CodeStoreError, Message: op.store}
	}
	return &api.Error{Code: http.StatusInternalServerError, Message: "Internal Server Error"}
}

func statusText(code int) string {
	switch code {
	case http.StatusNotFound:
		return "HTTP 404 Not Found"
	case http.StatusMethodNotAllowed:
		return "HTTP 405 Method Not Allowed"
	case http.StatusNotAcceptable:
		return "HTTP 406 Not Acceptable"
	case http.StatusUnsupportedMediaType:
		return "HTTP 415 Unsupported Media Type"
	}
	return http.StatusText(code)
}

// sendError answers with an error. An empty content type sends none, as the
// reference does where no resource was reached.
func sendError(w http.ResponseWriter, r *http.Request, contentType string, e *api.Error) {
	body, err := json.Marshal(e)
	if err != nil {
		body = []byte(`{"error_code":500,"message":"Internal Server Error"}`)
	}
	send(w, r, e.Status(), contentType, body)
}
