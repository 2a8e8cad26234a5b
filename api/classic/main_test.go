package classic_test

import (
	"testing"

	"owlcache/api/internal/apitest"
)

func TestMain(m *testing.M) { apitest.Main(m) }
