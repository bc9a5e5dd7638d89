package tframex

import "time"

// Metric is one measured value.
//
//redisgen:entity metrics
//redisgen:index MetricName order Timestamp
type Metric struct {
	ID         string            `redis:"id,key"`           // ID is a UUID.
	MetricName string            `redis:"metric_name"`      // MetricName is what was measured.
	MetricType MetricType        `redis:"metric_type,enum"` // MetricType says how to read the value.
	Value      float64           `redis:"value"`            // Value is the value measured.
	Labels     map[string]string `redis:"labels"`           // Labels say of what it was measured.
	Timestamp  time.Time         `redis:"timestamp,sort"`   // Timestamp is when it was measured.
	Source     *string           `redis:"source"`           // Source is what measured it.
	Extra      *Extra            `redis:"extra"`            // Extra is what a document has beyond these fields.
}

// MetricType says how to read the value of a metric.
type MetricType string

// The types of metrics.
const (
	MetricCounter   MetricType = "counter"   // MetricCounter is a sum that only grows.
	MetricGauge     MetricType = "gauge"     // MetricGauge is a value that rises and falls.
	MetricHistogram MetricType = "histogram" // MetricHistogram is one of many, to be counted by size.
	MetricTimer     MetricType = "timer"     // MetricTimer is how long something took.
)
