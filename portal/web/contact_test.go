package web

import (
	"errors"
	"strings"
	"testing"

	"github.com/odnowa/odnowa/portal/renewal"
)

func TestNormalise(t *testing.T) {
	for typed, want := range map[Contact]renewal.Contact{
		{"a@b.pl", "600100200"}:                             {Email: "a@b.pl", Phone: "+48600100200"},
		{" Jan.T+x@Example.TEST ", "600 100 200"}:           {Email: "Jan.T+x@example.test", Phone: "+48600100200"},
		{"a@b.pl", "+48 600-100-200"}:                       {Email: "a@b.pl", Phone: "+48600100200"},
		{"a@b.pl", "0048 600 100 200"}:                      {Email: "a@b.pl", Phone: "+48600100200"},
		{"a@b.pl", "(22) 000 00 00"}:                        {Email: "a@b.pl", Phone: "+48220000000"},
		{"a@b.pl", "+44 20 7946 0958"}:                      {Email: "a@b.pl", Phone: "+442079460958"},
		{"a@b.pl", "600\u00a0100\u00a0200"}:                 {Email: "a@b.pl", Phone: "+48600100200"},
		{strings.Repeat("a", 64) + "@b.pl", "600100200"}:    {Email: strings.Repeat("a", 64) + "@b.pl", Phone: "+48600100200"},
		{strings.Repeat("a", 65) + "@b.pl", "600100200"}:    {},
		{"a@" + strings.Repeat("b.", 130) + "pl", "600100"}: {},
	} {
		got, err := normalise(typed)
		if (err == nil) != (want != renewal.Contact{}) || got != want {
			t.Errorf("%q: %q, %v", typed, got, err)
		}
	}
}

func TestNormaliseRefusals(t *testing.T) {
	good := Contact{Email: "a@b.pl", Phone: "600100200"}
	for _, email := range []string{"", "a", "a@", "@b.pl", "a@b", "a@b.p1", "a@@b.pl", "a b@b.pl", "a@b..pl", ".a@b.pl", "a.@b.pl", "a@-b.pl", "a@b.pl,c@d.pl", "Ala <a@b.pl>", `"a"@b.pl`, "ą@b.pl", "a@b.pl\nBcc: c@d.pl", "a`b@b.pl"} {
		refused(t, Contact{Email: email, Phone: good.Phone}, EmailInvalid, "email")
	}
	for _, phone := range []string{"", "1", "60010020", "6001002000", "060010020", "+4860010020", "+486001002000", "+0600100200", "+", "++48600100200", "600100200x", "600100200;ext=1", "+1234567890123456", "٦٠٠١٠٠٢٠٠"} {
		refused(t, Contact{Email: good.Email, Phone: phone}, PhoneInvalid, "phone")
	}
}

func refused(t *testing.T, c Contact, want Code, field string) {
	t.Helper()
	_, err := normalise(c)
	var f *fault
	if !errors.As(err, &f) || f.code != want || f.field != field {
		t.Errorf("%q: %v, want %s", c, err, want)
	}
}

func FuzzNormalise(f *testing.F) {
	f.Add("a@b.pl", "600 100 200")
	f.Add("x+y@example.test", "0044 20 7946 0958")
	f.Fuzz(func(t *testing.T, email, phone string) {
		got, err := normalise(Contact{Email: email, Phone: phone})
		if err != nil {
			return
		}
		if again, err := normalise(Contact(got)); err != nil || again != got {
			t.Fatalf("%q is not in its own form: %q, %v", got, again, err)
		}
	})
}
