package repo

import (
	"strings"
	"testing"
)

// A URL and the environment turn the cache and shared pipelines on.
func TestCacheByURLAndEnvironment(t *testing.T) {
	c := Config{URL: "redis://localhost?cache=true&auto_pipeline=1"}
	if err := c.fillFromURL(); err != nil || c.Cache == nil || !c.AutoPipeline {
		t.Errorf("%v, %v, %v", c.Cache, c.AutoPipeline, err)
	}
	own := &Cache{MaxEntries: 7}
	c = Config{URL: "redis://localhost?cache=true&auto_pipeline=false", Cache: own}
	if err := c.fillFromURL(); err != nil || c.Cache != own || c.AutoPipeline {
		t.Errorf("%v, %v, %v", c.Cache, c.AutoPipeline, err)
	}
	c = Config{URL: "redis://localhost?cache=large"}
	if err := c.fillFromURL(); err == nil || !strings.Contains(err.Error(), "cache: write true or false") {
		t.Errorf("a bad value: %v", err)
	}
	t.Setenv("X_CACHE", "true")
	t.Setenv("X_AUTO_PIPELINE", "true")
	if c, err := ConfigFromEnv("X_"); err != nil || c.Cache == nil || !c.AutoPipeline {
		t.Errorf("%v, %v, %v", c.Cache, c.AutoPipeline, err)
	}
}
