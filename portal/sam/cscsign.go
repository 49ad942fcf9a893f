package sam

import (
	"net/http"
)

// authorize opens a request on the phone.
func (a *api) authorize(who *computer, c *call) error {
	var in struct {
		CredentialID  string   `json:"credentialID"`
		NumSignatures int      `json:"numSignatures"`
		Hashes        []string `json:"hashes"`
		HashAlgorithm string   `json:"hashAlgorithmOID"`
		AuthData      []struct {
			ID    string `json:"id"`
			Value string `json:"value"`
		} `json:"authData"`
		Description string `json:"description"`
		ClientData  string `json:"clientData"`
	}
	if err := c.parse(&in); err != nil {
		return err
	}
	if in.NumSignatures != 1 {
		return decline(errCount, "")
	}
	if len(in.AuthData) != 0 { // the phone is where authentication happens
		return decline(errRequest, "authData")
	}
	hash, err := parseHashes(in.Hashes, in.HashAlgorithm)
	if err != nil {
		return err
	}
	handle, err := a.r.authorize(c.req.Context(), who, newRequest{in.CredentialID, hash, in.Description})
	if err != nil {
		return err
	}
	c.answer(http.StatusAccepted, map[string]any{"handle": handle})
	return nil
}

// check waits for the phone's answer.
func (a *api) check(who *computer, c *call) error {
	var in struct {
		Handle     string `json:"handle"`
		ClientData string `json:"clientData"`
	}
	if err := c.parse(&in); err != nil {
		return err
	}
	sad, seconds, err := a.r.authorized(c.req.Context(), who, in.Handle, checkWait)
	switch {
	case err != nil:
		return err
	case sad == "":
		c.answer(http.StatusAccepted, struct{}{})
	default:
		c.answer(http.StatusOK, map[string]any{"SAD": sad, "expiresIn": seconds})
	}
	return nil
}

// sign gives the signature that the phone has approved.
func (a *api) sign(who *computer, c *call) error {
	var in struct {
		CredentialID   string   `json:"credentialID"`
		SAD            string   `json:"SAD"`
		Hashes         []string `json:"hashes"`
		HashAlgorithm  string   `json:"hashAlgorithmOID"`
		SignAlgorithm  string   `json:"signAlgo"`
		SignParams     string   `json:"signAlgoParams"`
		OperationMode  string   `json:"operationMode"`
		ValidityPeriod int      `json:"validity_period"`
		ResponseURI    string   `json:"response_uri"`
		ClientData     string   `json:"clientData"`
	}
	if err := c.parse(&in); err != nil {
		return err
	}
	if in.SignAlgorithm != oidECDSASHA256 || in.SignParams != "" {
		return decline(errAlgorithm, "")
	}
	if in.OperationMode != "" && in.OperationMode != "S" || in.ValidityPeriod != 0 || in.ResponseURI != "" {
		return decline(errMode, "")
	}
	hash, err := parseHashes(in.Hashes, in.HashAlgorithm)
	if err != nil {
		return err
	}
	if in.SAD == "" {
		return decline(errSAD, "")
	}
	signature, err := a.r.sign(c.req.Context(), who, in.CredentialID, in.SAD, hash)
	if err != nil {
		return err
	}
	c.answer(http.StatusOK, map[string]any{"signatures": [][]byte{signature}})
	return nil
}
