// Package migrate copies the documents of one storage to another, compares two storages, and
// counts what is in one.
//
//	report, err := migrate.Run(ctx, source, target, migrate.Options{StateFile: "move.json"})
//	…
//	found, err := migrate.Verify(ctx, source, target, migrate.VerifyOptions{})
//
// Records go from Export to Import in batches, so that memory is bounded whatever the size of
// a table. Each record that is read is accounted for: it was created, skipped, overwritten,
// refused with a reason, or had expired.
package migrate
