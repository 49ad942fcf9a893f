# Odnowa: everything that is built, tested and shown, by name.
#
#   make demo                a whole renewal in a sandbox, from nothing
#   make demo INTERACTIVE=1  the sandbox left running, for trying it by hand
#   make test                everything that can fail
#   make packages            a CA's deb and extension: CA=FILE CRX_KEY=PEM, else those of a test authority
#   make test-packages       builds, installs, uses and removes them; the cross-builds; the Windows build under Wine
#   make build               both programs, the extension and the phone app
#   make generate            the files that come from others
#   make cross               the agent for six systems, and the module workers for other architectures
#   make bench-agent         the agent's figures, as a table
#   make bench-extension     page to agent and back, sizes, what the extension costs pages

SHELL := /bin/bash
SUDO  := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
TIMED := .ci/timed
TOOLS := $(CURDIR)/build/tools

# Debian packages, by what needs them.
PACKAGES := \
  gcc libc6-dev                                        `: crypto11 and the race detector` \
  $(if $(filter amd64,$(shell dpkg --print-architecture 2>/dev/null)),gcc-multilib) `: a 32-bit module` \
  softhsm2 opensc openssl pcscd                        `: tokens and cards, and what looks at them` \
  chromium firefox-esr fonts-noto-core ffmpeg          `: the browsers, their letters, the camera` \
  xvfb xauth xdotool pinentry-gtk2 x11-utils x11-xserver-utils `: the PIN window` \
  pinentry-qt pinentry-gnome3 gcr dbus-daemon pinentry-curses openbox `: its other kinds` \
  poppler-utils qpdf zbar-tools libnss3-tools          `: independent checks` \
  tesseract-ocr tesseract-ocr-pol                      `: what the PIN window says`

STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2

export CGO_ENABLED ?= 1

.PHONY: demo test build system agent portal extension phone generate check-generated lint-go test-go test-extension test-phone test-sdk test-screens test-renewal virtual-card bench-agent bench-extension pictures cross clean

demo: system build
	@cd extension && node e2e/dist/demo.mjs $(if $(INTERACTIVE),--interactive)

build: system agent portal extension phone

system:
	@.ci/machine $(PACKAGES)

VERSION ?= 0.1.0
LDFLAGS := -s -w -X main.version=$(VERSION)

agent:
	@mkdir -p build/bin
	CGO_ENABLED=0 go build -trimpath -ldflags '$(LDFLAGS)' -o build/bin/odnowa-agent ./agent/cmd/odnowa-agent

portal: system
	@mkdir -p build/bin
	go build -trimpath -o build/bin/odnowa-portal ./portal/cmd/odnowa-portal

extension: extension/node_modules/.package-lock.json
	cd extension && npm run --silent build >/dev/null && npm run --silent build:e2e

phone: portal/phone/node_modules/.package-lock.json
	cd portal/phone && npm run --silent build

%/node_modules/.package-lock.json: %/package-lock.json
	cd $* && npm ci --loglevel=error --no-audit --no-fund --no-update-notifier
	@touch $@

generate:
	go generate ./...
	go run ./agent/cmd/bridge-schema
	cd extension && npm run --silent generate

check-generated: extension/node_modules/.package-lock.json generate
	@git diff --exit-code --stat -- $$(git ls-files | grep -E '(\.gen\.|schema\.json$$)') || { echo 'generated files are not current: run make generate and commit'; exit 1; }

test: system
	@$(TIMED) --start
	@$(TIMED) 'build'                       $(MAKE) --no-print-directory build
	@$(TIMED) 'generated files are current' $(MAKE) --no-print-directory check-generated
	@$(TIMED) 'Go: format, vet, staticcheck' $(MAKE) --no-print-directory lint-go
	@$(TIMED) 'Go: tests'                   $(MAKE) --no-print-directory test-go
	@$(TIMED) 'extension: lint and tests'   $(MAKE) --no-print-directory test-extension
	@$(TIMED) 'phone app: lint and tests'   $(MAKE) --no-print-directory test-phone
	@$(TIMED) 'the SDK in the browser'      $(MAKE) --no-print-directory test-sdk
	@$(TIMED) 'every screen, hostile pages' $(MAKE) --no-print-directory test-screens
	@$(TIMED) 'renewals in the browsers'    $(MAKE) --no-print-directory test-renewal
	@$(TIMED) --summary

lint-go:
	@bad=$$(gofmt -l $$(git ls-files '*.go')); [ -z "$$bad" ] || { echo "not gofmt'ed: $$bad"; exit 1; }
	go vet ./...
	for system in windows darwin; do GOOS=$$system CGO_ENABLED=0 go vet ./agent/... || exit 1; done
	@mkdir -p $(TOOLS); [ -x $(TOOLS)/staticcheck ] || GOBIN=$(TOOLS) go install $(STATICCHECK)
	$(TOOLS)/staticcheck ./...

# The tests are a machine with its card service and several users, so they run as root; what they are built from stays
# with whoever calls this.
test-go: system
	@$(if $(SUDO),sudo -v)
	go test -race -timeout 10m $(if $(SUDO),-exec "sudo env 'PATH=$$PATH' 'GOMODCACHE=$$(go env GOMODCACHE)'") ./...

test-extension: extension/node_modules/.package-lock.json
	cd extension && npm run --silent lint && npm test --silent

# The last part is the built app in Chromium, with a film of the QR code before its camera, against a SAM.
test-phone: system phone
	cd portal/phone && npm run --silent lint && npm test --silent
	go test -count 1 -tags browser -run TestPhoneInBrowser ./portal/sam

# As root for the card service, which it starts.
test-renewal: system build virtual-card
	@cd extension && $(AS_ROOT) node e2e/dist/together.mjs test,resume browsers,card

virtual-card:
	CGO_ENABLED=0 go build -trimpath -o build/bin/virtual-piv-card ./agent/card/pivtest/cmd/virtual-piv-card

test-sdk: system build
	cd extension && node e2e/dist/sdk.mjs && node e2e/dist/preparation.mjs

# policy.mjs lays browser policies over the machine's, in a mount namespace of its own; who is not root is it there.
test-screens: system build
	cd extension && node e2e/dist/screens.mjs && node e2e/dist/hostile.mjs && node e2e/dist/interrupted.mjs && node e2e/dist/cost.mjs && \
	  unshare $(if $(SUDO),--map-root-user) --mount --propagation private node e2e/dist/policy.mjs

bench-extension: system build
	cd extension && node e2e/dist/bench.mjs

# The README's pictures, from the last demo.
pictures:
	@cd build/demo/pictures && for p in review window-pin; do \
	  ffmpeg -y -loglevel error -i *-$$p.png -vf "scale='min(640,iw)':-1" ../../../extension/e2e/pictures/$$p.png; done

# The agent's figures: where a median misses its target, the exit code says so. Root has them measured in front of
# whatever else the machine does; not at a real-time priority, at which a waiting Go program starves what it waits for.
bench-agent: agent
	@go build -o build/bin/bench-agent ./agent/bench
	@$$([ "$$(id -u)" = 0 ] && echo nice -n -15) build/bin/bench-agent -agent build/bin/odnowa-agent

cross:
	@for system in linux windows darwin; do for arch in amd64 arm64; do \
	  echo "odnowa-agent for $$system/$$arch"; \
	  CGO_ENABLED=0 GOOS=$$system GOARCH=$$arch go build -trimpath -ldflags '$(LDFLAGS)' -o build/cross/$$system-$$arch/ ./agent/cmd/odnowa-agent || exit 1; \
	done; done
	@for worker in windows/386:windows-amd64 windows/386:windows-arm64 windows/amd64:windows-arm64 darwin/amd64:darwin-arm64; do \
	  built=$${worker%%:*}; system=$${built%/*}; arch=$${built#*/}; suffix=; [ $$system != windows ] || suffix=.exe; \
	  echo "module worker for $$system/$$arch, beside $${worker#*:}"; \
	  CGO_ENABLED=0 GOOS=$$system GOARCH=$$arch go build -trimpath -ldflags '-s -w' \
	    -o build/cross/$${worker#*:}/odnowa-agent-worker-$$arch$$suffix ./agent/cmd/odnowa-agent-worker || exit 1; \
	done

include installer/packages.mk
include agent/wine.mk

clean:
	[ ! -d build ] || $(SUDO) rm -rf build
	rm -rf extension/dist portal/phone/dist
