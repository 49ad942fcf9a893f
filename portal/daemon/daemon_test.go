package daemon

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

type config struct {
	Origin string `json:"origin"`
}

func (c *config) check() error { return Missing(map[string]string{"origin": c.Origin}) }

func load(path string) (config, error) { return LoadConfig(path, (*config).check) }

func file(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config.json")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestMainSaysWhatIsWrong(t *testing.T) {
	good := file(t, `{"origin":"http://a"}`)
	for name, tt := range map[string]struct {
		args []string
		code int
		says string
	}{
		"good":             {[]string{"--config", good}, 0, `"logger":"role","msg":"http://a"`},
		"help":             {[]string{"--help"}, 0, "configuration file (JSON)"},
		"no configuration": {nil, 2, "usage: odnowa-portal role --config FILE"},
		"no file":          {[]string{"--config"}, 2, "flag needs an argument"},
		"too much":         {[]string{"--config", good, "more"}, 2, "usage: "},
		"unknown flag":     {[]string{"--nonsense"}, 2, "nonsense"},
		"no such file":     {[]string{"--config", good + "x"}, 1, "role: reading configuration: open " + good + "x"},
		"unknown field":    {[]string{"--config", file(t, `{"origin":"a","pin":"1"}`)}, 1, `unknown field "pin"`},
		"two objects":      {[]string{"--config", file(t, `{"origin":"a"}{}`)}, 1, "something follows the object"},
		"not JSON":         {[]string{"--config", file(t, `origin: a`)}, 1, "invalid character"},
		"empty field":      {[]string{"--config", file(t, `{"origin":""}`)}, 1, "config.json: missing: origin"},
		"run fails":        {[]string{"--config", file(t, `{"origin":"fail"}`)}, 1, "role: the role failed"},
	} {
		var stderr bytes.Buffer
		code := Main(t.Context(), "role", tt.args, &stderr, load, func(_ context.Context, c config, log *zap.Logger) error {
			if c.Origin == "fail" {
				return errors.New("the role failed")
			}
			log.Info(c.Origin)
			return nil
		})
		if code != tt.code || !strings.Contains(stderr.String(), tt.says) {
			t.Errorf("%s: exit code %d, %q", name, code, stderr.String())
		}
	}
}

func TestMissing(t *testing.T) {
	err := Missing(map[string]string{"b": "", "c": "x", "a": ""})
	if err == nil || err.Error() != "missing: a, b" {
		t.Errorf("two are empty: %v", err)
	}
	if err := Missing(map[string]string{"c": "x"}); err != nil {
		t.Errorf("none is empty: %v", err)
	}
}

func TestIsOrigin(t *testing.T) {
	for s, want := range map[string]bool{
		"http://odnowa.localhost:8700": true, "https://ca.example": true, "https://[::1]:8700": true,
		"": false, "ca.example": false, "https://": false, "ftp://ca.example": false, "https://ca.example/": false,
		"https://ca.example/path": false, "https://ca.example?x": false, "https://ca.example#x": false,
		"https://user@ca.example": false, "HTTPS://ca.example": false, "https://ca.example\n": false,
	} {
		if IsOrigin(s) != want {
			t.Errorf("IsOrigin(%q) = %v", s, !want)
		}
	}
}

// served is what Serve runs in a test.
type served struct {
	logs  *observer.ObservedLogs
	ready chan struct{}
	stop  context.CancelFunc
	done  chan error
}

// serve runs servers; what runs alongside says when they can be reached.
func serve(t *testing.T, servers map[string]*http.Server, alongside ...func(context.Context) error) *served {
	t.Helper()
	core, logs := observer.New(zap.InfoLevel)
	ctx, cancel := context.WithCancel(t.Context())
	s := &served{logs, make(chan struct{}), cancel, make(chan error, 1)}
	ready := func(context.Context) error { close(s.ready); return nil }
	go func() { s.done <- Serve(ctx, zap.New(core), servers, append(alongside, ready)...) }()
	select {
	case <-s.ready:
	case err := <-s.done:
		t.Fatalf("stopped at once: %v", err)
	}
	return s
}

// address is what the log says of a server.
func (s *served) address(name string) string {
	return fmt.Sprint(s.logs.FilterMessage("listening").All()[0].ContextMap()[name])
}

// held answers when it is told to, or when its request is over, and says when it is asked.
type held struct{ asked, goOn chan struct{} }

func (h held) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	close(h.asked)
	select {
	case <-h.goOn:
		io.WriteString(w, "whole")
	case <-r.Context().Done():
		io.WriteString(w, "given up")
	}
}

// get asks and gives the answer's channel.
func (s *served) get(name string) <-chan string {
	answer := make(chan string, 1)
	go func() {
		res, err := http.Get("http://" + s.address(name))
		if err != nil {
			answer <- err.Error()
			return
		}
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		answer <- fmt.Sprint(string(b), err)
	}()
	return answer
}

func TestStop(t *testing.T) {
	whole, poll := held{make(chan struct{}), make(chan struct{})}, held{make(chan struct{}), make(chan struct{})}
	s := serve(t, map[string]*http.Server{
		"whole": {Addr: "127.0.0.1:0", Handler: whole},
		"poll":  EndPolls(&http.Server{Addr: "127.0.0.1:0", Handler: poll}),
	})
	gotWhole, gotPoll := s.get("whole"), s.get("poll")
	<-whole.asked
	<-poll.asked
	s.stop()
	if got := <-gotPoll; got != "given up<nil>" {
		t.Errorf("poll: %s", got)
	}
	select {
	case err := <-s.done:
		t.Fatalf("stopped with a request under way: %v", err)
	case got := <-gotWhole:
		t.Fatalf("request under way: %s", got)
	default:
	}
	close(whole.goOn)
	if got := <-gotWhole; got != "whole<nil>" {
		t.Errorf("request under way: %s", got)
	}
	if err := <-s.done; err != nil {
		t.Errorf("stop: %v", err)
	}
}

func TestOneThatFailsEndsAll(t *testing.T) {
	fail := make(chan struct{})
	broken := errors.New("broken")
	s := serve(t, map[string]*http.Server{"public": {Addr: "127.0.0.1:0"}}, func(context.Context) error { <-fail; return broken })
	close(fail)
	if err := <-s.done; !errors.Is(err, broken) {
		t.Errorf("Serve = %v", err)
	}
	if c, err := net.Dial("tcp", s.address("public")); err == nil {
		c.Close()
		t.Error("still listening")
	}
}

func TestAllAddressesOrNone(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	// "a" is listened on before "b", whose address is taken.
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	free.Close()
	err = Serve(t.Context(), zap.NewNop(), map[string]*http.Server{"a": {Addr: free.Addr().String()}, "b": {Addr: taken.Addr().String()}})
	if err == nil || !strings.Contains(err.Error(), "listening (b)") || !strings.Contains(err.Error(), "address already in use") {
		t.Errorf("Serve = %v", err)
	}
	if again, err := net.Listen("tcp", free.Addr().String()); err != nil {
		t.Errorf("the other address was kept: %v", err)
	} else {
		again.Close()
	}
}

// TestPanicIsLogged: the person gets no answer, and the CA learns why.
func TestPanicIsLogged(t *testing.T) {
	s := serve(t, map[string]*http.Server{"public": {Addr: "127.0.0.1:0", Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		panic("out of order")
	})}})
	<-s.get("public")
	s.stop()
	if err := <-s.done; err != nil {
		t.Errorf("stop: %v", err)
	}
	if s.logs.FilterMessageSnippet("out of order").Len() != 1 {
		t.Errorf("log: %v", s.logs.All())
	}
}
