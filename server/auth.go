package server

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/bcrypt"
)

// authFailure is the answer to a request that may not go on. Its statuses,
// headers and bodies are those of the reference.
type authFailure struct {
	status    int
	message   string
	challenge string // the WWW-Authenticate header; empty for none
}

// write answers a request with the failure. As in the reference, it has a body
// for these methods only.
func (f *authFailure) write(w http.ResponseWriter, r *http.Request) {
	if f.challenge != "" {
		w.Header().Set("WWW-Authenticate", f.challenge)
	}
	switch r.Method {
	case http.MethodGet, http.MethodPost, http.MethodPut:
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(f.status)
		fmt.Fprintf(w, `{"error_code":%d,"message":%q}`, f.status, f.message)
	case http.MethodHead:
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(f.status)
	default:
		w.WriteHeader(f.status)
	}
}

// authenticate checks the credentials that a request carries. A nil failure
// lets it go on. The user is the name that proved itself, also where its roles do not
// suffice, and is empty where none did.
//
// Roles are those that may use the registry; if there are none, or * is among
// them, any user may. An Authorization header that cannot be read counts as none: it
// is answered 401, where the reference fails with 500.
func authenticate(r *http.Request, a Authenticator, realm string, roles []string) (user string, failure *authFailure) {
	name, password, ok := r.BasicAuth()
	if !ok {
		return "", unauthorized(realm)
	}
	has, ok := a.Authenticate(name, password)
	if !ok {
		return "", unauthorized(realm)
	}
	anyone := len(roles) == 0 || slices.Contains(roles, "*")
	if !anyone && !slices.ContainsFunc(has, func(role string) bool { return slices.Contains(roles, role) }) {
		return name, &authFailure{http.StatusForbidden, "!authorized", ""}
	}
	return name, nil
}

func unauthorized(realm string) *authFailure {
	return &authFailure{http.StatusUnauthorized, "Unauthorized", `Basic realm="` + realmQuote.Replace(realm) + `"`}
}

var realmQuote = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

// Users is an Authenticator that knows the users of a file. It reads the file
// again when it changes; a changed file that cannot be read leaves the users as they
// were and is logged. Safe for concurrent use.
//
// The file has a line for each user, in the manner of htpasswd:
//
//	name:hash[:role[,role…]]
//
// A hash is one of bcrypt ("$2y$…", as `htpasswd -B` makes it), a plain SHA-1
// ("{SHA}…", as `htpasswd -s` makes it; fast to guess), or "{plain}" and the password
// itself. Empty lines and lines that begin with "#" do not count.
type Users struct {
	Logger *slog.Logger // of failed reloads; nil for the default logger

	path    string
	key     []byte        // of this process, for what proven remembers
	hashing chan struct{} // holds one item for each costly check going on
	current atomic.Pointer[userSet]
	reload  sync.Mutex
}

// userSet is what one state of the file says.
type userSet struct {
	stamp   fileStamp
	byName  map[string]credential
	decoy   credential // compared for unknown names, to take as long as for known ones
	proven  sync.Map   // name → MAC of the password that was right for it
	refused *fileStamp // the state of the file that could not be read after this one, if any
}

type credential struct {
	scheme string // {bcrypt}, {SHA}, {plain}
	hash   []byte
	roles  []string
}

// fileStamp tells one state of a file from another.
type fileStamp struct {
	modified time.Time
	size     int64
}

// stampOf returns the zero stamp for a file that is not there.
func stampOf(path string) fileStamp {
	info, err := os.Stat(path)
	if err != nil {
		return fileStamp{}
	}
	return fileStamp{info.ModTime(), info.Size()}
}

// LoadUsers reads a file of users; see Users for its format. Errors name the
// file and the line.
func LoadUsers(path string) (*Users, error) {
	u := &Users{path: path, key: make([]byte, sha256.Size), hashing: make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2))}
	rand.Read(u.key) //nolint:errcheck // never fails
	set, err := readUsers(path)
	if err != nil {
		return nil, err
	}
	u.current.Store(set)
	return u, nil
}

func readUsers(path string) (*userSet, error) {
	stamp := stampOf(path) // before the text, so that a later change is seen
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("users: %w", err)
	}
	defer f.Close()
	set, err := parseUsers(f)
	if err != nil {
		return nil, fmt.Errorf("users: %s:%w", path, err)
	}
	set.stamp = stamp
	return set, nil
}

func parseUsers(r io.Reader) (*userSet, error) {
	set := &userSet{byName: map[string]credential{}}
	lines := bufio.NewScanner(r)
	n := 0
	for lines.Scan() {
		n++
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		name, c, err := parseUser(line)
		if err == nil && set.byName[name].scheme != "" {
			err = fmt.Errorf("user %q has a line already", name)
		}
		if err != nil {
			return nil, fmt.Errorf("%d: %w", n, err)
		}
		set.byName[name] = c
		if c.cost() >= set.decoy.cost() {
			set.decoy = c
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%d: %w", n+1, err)
	}
	return set, nil
}

// parseUser never repeats the hash in an error: it may be a password.
func parseUser(line string) (name string, c credential, err error) {
	fields := strings.Split(line, ":")
	if len(fields) < 2 || len(fields) > 3 || fields[0] == "" {
		return "", c, errors.New("want user:hash or user:hash:role,role; a password after {plain} cannot hold a colon")
	}
	name = fields[0]
	if len(fields) == 3 {
		for role := range strings.SplitSeq(fields[2], ",") {
			if role = strings.TrimSpace(role); role != "" {
				c.roles = append(c.roles, role)
			}
		}
	}
	c.scheme, c.hash, err = parseHash(fields[1])
	if err != nil {
		return "", c, fmt.Errorf("user %q: %w", name, err)
	}
	return name, c, nil
}

const hashAdvice = "make a bcrypt hash with `htpasswd -nB USER`"

func parseHash(text string) (scheme string, hash []byte, err error) {
	switch {
	case strings.HasPrefix(text, "$2"):
		if _, err := bcrypt.Cost([]byte(text)); err != nil {
			return "", nil, fmt.Errorf("not a bcrypt hash: %w; %s", err, hashAdvice)
		}
		return "{bcrypt}", []byte(text), nil
	case strings.HasPrefix(text, "{SHA}"):
		hash, err := base64.StdEncoding.DecodeString(text[len("{SHA}"):])
		if err != nil || len(hash) != sha1.Size {
			return "", nil, fmt.Errorf("not a SHA-1 hash in base64; %s", hashAdvice)
		}
		return "{SHA}", hash, nil
	case strings.HasPrefix(text, "{plain}"):
		return "{plain}", []byte(text[len("{plain}"):]), nil
	case strings.HasPrefix(text, "$apr1$"):
		return "", nil, fmt.Errorf("apr1 (MD5) hashes are not accepted; %s", hashAdvice)
	default:
		return "", nil, fmt.Errorf("neither a bcrypt hash nor {SHA} nor {plain}; %s", hashAdvice)
	}
}

// cost is how much work comparing takes: zero for hashes that are quick.
func (c credential) cost() int {
	cost, err := bcrypt.Cost(c.hash)
	if err != nil || c.scheme != "{bcrypt}" {
		return 0
	}
	return cost
}

// matches takes the same time for every password.
func (c credential) matches(password string) bool {
	switch c.scheme {
	case "{bcrypt}":
		return bcrypt.CompareHashAndPassword(c.hash, []byte(password)) == nil
	case "{SHA}":
		sum := sha1.Sum([]byte(password))
		return subtle.ConstantTimeCompare(c.hash, sum[:]) == 1
	case "{plain}":
		want, got := sha256.Sum256(c.hash), sha256.Sum256([]byte(password))
		return subtle.ConstantTimeCompare(want[:], got[:]) == 1
	}
	return false
}

// Authenticate implements Authenticator. A password that was right once is
// known again without hashing it anew, until the file changes.
func (u *Users) Authenticate(user, password string) (roles []string, ok bool) {
	set := u.latest()
	c, known := set.byName[user]
	mac := u.mac(user, password)
	if proven, ok := set.proven.Load(user); ok && hmac.Equal(proven.([]byte), mac) {
		return c.roles, true
	}
	if !known {
		c = set.decoy
	}
	if !u.compare(c, password) || !known {
		return nil, false
	}
	set.proven.Store(user, mac)
	return c.roles, true
}

// compare lets only some costly comparisons go on at once, so that guessing
// passwords does not take all processors from those who work.
func (u *Users) compare(c credential, password string) bool {
	if c.cost() > 0 {
		u.hashing <- struct{}{}
		defer func() { <-u.hashing }()
	}
	return c.matches(password)
}

func (u *Users) mac(user, password string) []byte {
	h := hmac.New(sha256.New, u.key)
	h.Write(bytes.Join([][]byte{[]byte(user), []byte(password)}, []byte{':'})) // a user name holds no colon
	return h.Sum(nil)
}

// latest returns the users of the file as it is now.
func (u *Users) latest() *userSet {
	set := u.current.Load()
	stamp := stampOf(u.path)
	if stamp == set.stamp {
		return set
	}
	u.reload.Lock()
	defer u.reload.Unlock()
	set = u.current.Load()
	if stamp == set.stamp || set.refused != nil && stamp == *set.refused {
		return set
	}
	fresh, err := readUsers(u.path)
	logger := cmp.Or(u.Logger, slog.Default())
	if err != nil {
		set.refused = &stamp
		logger.Error("the file of users changed and cannot be read; the users stay as they were", "error", err)
		return set
	}
	u.current.Store(fresh)
	logger.Info("read the file of users again", "file", u.path, "users", len(fresh.byName))
	return fresh
}
