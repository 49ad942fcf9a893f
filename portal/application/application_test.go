package application

import (
	"os"
	"testing"
	"time"
)

func sample() Data {
	at := func(s string) time.Time {
		t, err := time.Parse(time.DateTime, s)
		if err != nil {
			panic(err)
		}
		return t
	}
	return Data{
		Number:   "ON-2026-000123",
		Created:  at("2026-11-23 21:36:05"),
		CA:       Authority{Name: "Centrum Certyfikacji TEST Sp. z o.o.", Address: "ul. Testowa 1, 00-001 Warszawa"},
		Contract: &Contract{With: "Przykładowa Spółka TEST S.A.", About: "dostawa certyfikatów kwalifikowanych, umowa nr 17/2026"},
		Subject: Subject{GivenName: "Żaneta", Surname: "TESTOWA-GĘŚLĄ", CommonName: "Żaneta TESTOWA-GĘŚLĄ",
			SerialNumber: "PNOPL-00000000000", Country: "PL"},
		Current: Certificate{Issuer: "Odnowa TEST Issuing CA", SerialNumber: "4f2a9c0e1b7d3a5566778899aabbccdd",
			NotBefore: at("2024-12-20 09:00:00"), NotAfter: at("2026-12-20 08:59:59")},
		New:          Term{Months: 24, Start: StartAfterCurrent, NotBefore: at("2026-12-20 09:00:00"), NotAfter: at("2028-12-20 08:59:59")},
		Target:       TargetCloud,
		Policy:       Policy{OID: "1.2.616.1.999999.1.1", Version: "1.0"},
		Disclosure:   Disclosure{Version: "1.0", URL: "https://ca.example.test/pds/1.0/pds_pl.pdf"},
		EnrolmentURL: "http://rsign.localhost:8701/#Zm9vYmFyYmF6cXV4Zm9vYg",
		Test:         true,
	}
}

func TestLook(t *testing.T) {
	p, err := Draw(sample())
	if err != nil {
		t.Fatal(err)
	}
	os.WriteFile("/tmp/a.pdf", p.PDF, 0o644)
}
