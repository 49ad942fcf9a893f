package sam

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
)

// info says what this service is (CSC API v2.0.0.2, section 11.1).
func (a *api) info(w http.ResponseWriter, req *http.Request) {
	c, err := read(w, req)
	if err == nil && len(c.body) > 0 {
		var in struct {
			Lang string `json:"lang"`
		}
		err = c.parse(&in)
	}
	if err != nil {
		a.fail(w, err)
		return
	}
	c.answer(http.StatusOK, map[string]any{
		"specs": "2.0.0.0", "name": "rSign", "logo": a.r.appURL + "/icon.svg", "region": "PL", "lang": "pl-PL",
		"description": "Signing with a key in the authority's cloud; each signature is approved on the person's phone",
		"authType":    []string{"oauth2client"}, "oauth2": a.r.signingURL, "asynchronousOperationMode": false,
		"methods": []string{
			"oauth2/token", "credentials/list", "credentials/info", "credentials/authorize", "credentials/authorizeCheck", "signatures/signHash",
		},
		"validationInfo": false,
		"signAlgorithms": map[string]any{"algos": []string{oidECDSASHA256}},
	})
}

// credentialInfo is one credential (section 11.5).
type credentialInfo struct {
	CredentialID string    `json:"credentialID,omitempty"` // in a list
	Description  string    `json:"description"`
	Qualifier    string    `json:"signatureQualifier"`
	Key          keyInfo   `json:"key"`
	Cert         certInfo  `json:"cert"`
	Auth         *authInfo `json:"auth,omitempty"`
	SCAL         string    `json:"SCAL"`
	Multisign    int       `json:"multisign"`
	Lang         string    `json:"lang"`
}

type keyInfo struct {
	Status string   `json:"status"` // enabled or disabled
	Algo   []string `json:"algo"`
	Len    int      `json:"len"`
	Curve  string   `json:"curve"`
}

type certInfo struct {
	Status       string   `json:"status"` // valid or expired; revocation is the issuer's to say, by OCSP
	Certificates [][]byte `json:"certificates,omitempty"`
	IssuerDN     string   `json:"issuerDN,omitempty"`
	SerialNumber string   `json:"serialNumber,omitempty"`
	SubjectDN    string   `json:"subjectDN,omitempty"`
	ValidFrom    string   `json:"validFrom,omitempty"`
	ValidTo      string   `json:"validTo,omitempty"`
}

type authInfo struct {
	Mode       string       `json:"mode"`
	Expression string       `json:"expression"`
	Objects    []authObject `json:"objects"`
}

type authObject struct {
	Type        string `json:"type"`
	ID          string `json:"id"`
	Label       string `json:"label"`
	Description string `json:"description"`
}

// detail is how much of a credential is wanted.
type detail struct {
	Certificates string `json:"certificates"` // none, single or chain; single where it is not said
	CertInfo     bool   `json:"certInfo"`
	AuthInfo     bool   `json:"authInfo"`
	Lang         string `json:"lang"`
	ClientData   string `json:"clientData"`
}

func (d *detail) check() error {
	switch d.Certificates {
	case "":
		d.Certificates = "single"
	case "none", "single", "chain":
	default:
		return decline(errRequest, "certificates")
	}
	return nil
}

// list gives the one credential that the computer is registered for.
func (a *api) list(who *computer, c *call) error {
	var in struct {
		UserID         string `json:"userID"`
		CredentialInfo bool   `json:"credentialInfo"`
		OnlyValid      bool   `json:"onlyValid"`
		detail
	}
	if err := c.parse(&in); err != nil {
		return err
	}
	if in.UserID != "" { // the token says whose they are
		return decline(errRequest, "userID")
	}
	if err := in.check(); err != nil {
		return err
	}
	id, err := a.r.credentialID(c.req.Context(), who)
	if err != nil {
		return err
	}
	out := struct {
		IDs         []string         `json:"credentialIDs"`
		Credentials []credentialInfo `json:"credentialInfos,omitempty"`
		OnlyValid   bool             `json:"onlyValid"`
	}{IDs: []string{}, OnlyValid: in.OnlyValid}
	cred, err := a.r.credentialOf(c.req.Context(), a.r.db, who, id)
	if err != nil {
		return err
	}
	if !in.OnlyValid || cred.usable && cred.validAt(a.r.now()) {
		out.IDs = append(out.IDs, id)
		if in.CredentialInfo {
			shown := a.show(cred, in.detail)
			shown.CredentialID = id
			out.Credentials = append(out.Credentials, shown)
		}
	}
	c.answer(http.StatusOK, out)
	return nil
}

// credential gives one credential.
func (a *api) credential(who *computer, c *call) error {
	var in struct {
		CredentialID string `json:"credentialID"`
		detail
	}
	if err := c.parse(&in); err != nil {
		return err
	}
	if err := in.check(); err != nil {
		return err
	}
	cred, err := a.r.credentialOf(c.req.Context(), a.r.db, who, in.CredentialID)
	if err != nil {
		return err
	}
	c.answer(http.StatusOK, a.show(cred, in.detail))
	return nil
}

func (a *api) show(c *credential, d detail) credentialInfo {
	out := credentialInfo{
		Description: "rSign", Qualifier: "eu_eidas_qes", SCAL: "2", Multisign: 1, Lang: "pl-PL",
		Key:  keyInfo{Status: "enabled", Algo: []string{oidECDSASHA256}, Len: 256, Curve: oidP256},
		Cert: certInfo{Status: "valid"},
	}
	if !c.usable || a.r.now().Before(c.leaf.NotBefore) {
		out.Key.Status = "disabled"
	}
	if a.r.now().After(c.leaf.NotAfter) {
		out.Cert.Status = "expired"
	}
	switch d.Certificates {
	case "single":
		out.Cert.Certificates = c.certificates[:1]
	case "chain":
		out.Cert.Certificates = c.certificates
	}
	if d.CertInfo {
		const layout = "20060102150405Z"
		out.Cert.IssuerDN, out.Cert.SubjectDN = c.leaf.Issuer.String(), c.leaf.Subject.String()
		out.Cert.SerialNumber = fmt.Sprintf("%X", c.leaf.SerialNumber)
		out.Cert.ValidFrom, out.Cert.ValidTo = c.leaf.NotBefore.UTC().Format(layout), c.leaf.NotAfter.UTC().Format(layout)
	}
	if d.AuthInfo {
		out.Auth = &authInfo{Mode: "explicit", Expression: "phone", Objects: []authObject{{
			Type: "ChallengeResponseOOB", ID: "phone", Label: "rSign", Description: "Approve on the phone with the PIN",
		}}}
	}
	return out
}

// credentialID gives the id of the computer's credential.
func (r *registry) credentialID(ctx context.Context, who *computer) (id string, err error) {
	err = r.db.QueryRowContext(ctx, `SELECT e.credential FROM enrolments e JOIN computers c ON c.enrolment = e.id
		WHERE c.id = $1 AND c.state = 'active' AND e.state = 'active'`, who.id).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return "", decline(errToken, "")
	} else if err != nil {
		return "", fmt.Errorf("reading credential: %w", err)
	}
	return id, nil
}
