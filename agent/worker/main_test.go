package worker_test

import (
	"testing"

	"github.com/odnowa/odnowa/agent/card/cardtest"
)

func TestMain(m *testing.M) { cardtest.Main(m) }
