package web

// The generator is run by version, so that it is no dependency of the program.
//go:generate go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2 -config oapi-codegen.yaml ../../protocol/renewal/openapi.yaml
