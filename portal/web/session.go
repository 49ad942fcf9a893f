package web

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/odnowa/odnowa/portal/renewal"
)

// cookieName has no "__Host-" prefix: browsers would refuse that over plain http, also on
// localhost, where a sandbox lives. Its other demands are met: Secure, Path=/, no Domain.
const cookieName = "odnowa_session"

// caller is who asks: taken once a request, before any handler.
type caller struct {
	session string // empty where there is no cookie
	client  string // address, of IPv6 the /64 network, for limiting tries
}

type callerKey struct{}

func callerOf(ctx context.Context) caller {
	c, _ := ctx.Value(callerKey{}).(caller)
	return c
}

func (s *server) withCaller(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := caller{client: s.clientOf(r)}
		// Two cookies of the name would mean that somebody has slipped one in.
		if cookies := r.CookiesNamed(cookieName); len(cookies) == 1 {
			c.session = cookies[0].Value
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), callerKey{}, c)))
	})
}

// clientOf goes back from the TCP peer through the proxies that are trusted.
func (s *server) clientOf(r *http.Request) string {
	host, _, _ := net.SplitHostPort(r.RemoteAddr)
	hops := append(strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ","), host)
	var client netip.Addr
	for _, hop := range slices.Backward(hops) {
		addr, err := netip.ParseAddr(strings.TrimSpace(hop))
		if err != nil {
			break
		}
		client = addr.Unmap()
		if !s.trusts(client) {
			break
		}
	}
	if client.Is6() {
		network, _ := client.WithZone("").Prefix(64)
		return network.String()
	}
	return client.String()
}

func (s *server) trusts(a netip.Addr) bool {
	return slices.ContainsFunc(s.proxies, func(p netip.Prefix) bool { return p.Contains(a) })
}

func setCookie(w http.ResponseWriter, session string) {
	c := &http.Cookie{
		Name: cookieName, Value: session, Path: "/", MaxAge: int(renewal.SessionLife / time.Second),
		HttpOnly: true, Secure: true, SameSite: http.SameSiteStrictMode,
	}
	if session == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}
