// Package redis keeps documents in Redis or Valkey, as the records of package tframex: what a
// table of the agent framework has goes to the entity of that name, so that the typed side and
// the documents are the same data. Importing it makes the type "redis" known to
// [storage.Open].
//
// # What becomes of a document
//
// Each field that the entity has is stored as its type; what is written in another form, a
// number as text or a time with a zone, is stored as what it means and comes back as it was
// written, until the field changes. Fields that the entity does not have are kept beside it.
// Documents of other tables are kept whole.
//
// A value that means nothing as the type of its field is [storage.ErrValidation]: an enum
// that is none of the constants, a word for a time or a number. An object where a list has to
// be, and the like, is kept beside the entity. What an index needs and a document does not
// have, such as the created_at of an imported message, is stored as the year 1700 and is not
// in the document.
//
// # Keys
//
// The id of a document is the key of its record. Sessions are found by session_id too, and
// user_roles by the user and the role that their id is made of: "user:role".
//
// # Filters
//
// Conditions that have an index are answered by it, and the rest is checked in the program:
// see [Storage.Select].
package redis
