// Package event has what is told and recorded beside the records of package repo:
//
//   - [Topic]: typed publish and subscribe, for messages that may be lost;
//   - [Log]: records that are kept as the events that made them, each in a stream.
//
// Changes of records are told by package repo itself: see its Watch and Consume.
package event
