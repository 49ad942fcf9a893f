# Part of ../Makefile: the packages of one CA, and their tests. README.md says what is in them.

NFPM := github.com/goreleaser/nfpm/v2/cmd/nfpm@v2.45.2

.PHONY: packages

# The extension's private key signs the CRX; without one there is none.
ifndef CA
CA      := build/authority/installer/ca.json
CRX_KEY := build/authority/extension/key.pem
endif
ARCH ?= $(shell go env GOARCH)
OUT  ?= build/packages

packages: PACKAGES += zip
packages: system extension/node_modules/.package-lock.json $(TOOLS)/nfpm $(CA)
	@mkdir -p build/agent
	CGO_ENABLED=0 GOOS=linux GOARCH=$(ARCH) go build -trimpath -buildmode=pie -ldflags '$(LDFLAGS)' -o build/agent/linux-$(ARCH)-$(VERSION) ./agent/cmd/odnowa-agent
	node installer/build.mjs --ca $(CA) $(if $(CRX_KEY),--crx-key $(CRX_KEY)) --version $(VERSION) --arch $(ARCH) \
	  --agent build/agent/linux-$(ARCH)-$(VERSION) --nfpm $(TOOLS)/nfpm --out $(OUT)

$(TOOLS)/nfpm:
	@mkdir -p $(TOOLS)
	GOBIN=$(TOOLS) go install $(NFPM)

build/authority/installer/ca.json: | portal
	rm -rf build/authority
	build/bin/odnowa-portal sandbox create --dir build/authority >/dev/null
