// Package backup writes all documents of a storage to one file, and puts them back into a
// storage, of the same backend or another.
//
//	manifest, err := backup.WriteFile(ctx, "tframex.backup", store, backup.Options{})
//	report, err := backup.RestoreFile(ctx, "tframex.backup", other, backup.RestoreOptions{})
//
// A backup is no point in time: each record is as it was at some moment while the backup
// was written, and what was written meanwhile is in it or not. Who needs all records of one
// moment stops the writers.
//
// The file is lines of JSON, compressed by zstd, and sealed by a checksum of its bytes;
// docs/storage-backup.md has its fields. The checksum tells what is damaged, cut off or put
// together from parts. It is no signature: who can write the file can make another seal.
package backup
