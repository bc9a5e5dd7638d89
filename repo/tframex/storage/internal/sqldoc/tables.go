package sqldoc

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"github.com/redisgen/redisgen/repo/tframex/storage"
)

// created is the table of what is known of tables that were created. Documents cannot be in
// one of such a name.
const created = "tframex$tables"

// Derived tells whether ids of a table are not those of its column.
func Derived(table string) bool { return HasOwnIDs(table) || table == created }

// CreateTable implements [storage.Storage].
func (s *Store) CreateTable(ctx context.Context, table string, schema storage.Document) error {
	return s.fail("CreateTable", table, "", s.createTable(ctx, table, schema))
}

func (s *Store) createTable(ctx context.Context, table string, schema storage.Document) error {
	if err := storage.CheckTable(table); err != nil {
		return err
	}
	conn, err := s.open()
	if err != nil {
		return err
	}
	about := storage.Document{"name": table}
	if schema != nil {
		if about["schema"], err = storage.CheckDocument(schema); err != nil {
			return err
		}
	}
	now := time.Now().Truncate(time.Microsecond)
	r, err := s.rowOf(created, s.dialect.Fold(table), about, now)
	if err != nil {
		return err
	}
	s.forget()
	if there, err := s.exists(ctx, conn, table); err != nil || there {
		return err
	}
	return s.write(conn, func() error {
		return conn.Atomic(ctx, func(tx Conn) error {
			for _, name := range []string{table, created} {
				if err := s.dialect.Create(ctx, tx, name); err != nil {
					return err
				}
			}
			_, err := tx.Exec(ctx, s.insertion(created, 1), s.args(r)...)
			return err
		})
	})
}

// DropTable implements [storage.Storage].
func (s *Store) DropTable(ctx context.Context, table string) (bool, error) {
	dropped, err := s.dropTable(ctx, table)
	return dropped, s.fail("DropTable", table, "", err)
}

func (s *Store) dropTable(ctx context.Context, table string) (dropped bool, err error) {
	if err := storage.CheckTable(table); err != nil {
		return false, err
	}
	conn, err := s.open()
	if err != nil {
		return false, err
	}
	defer s.forget()
	err = s.write(conn, func() error {
		return conn.Atomic(ctx, func(tx Conn) error {
			names, err := s.tables(ctx, tx)
			if dropped = names[s.dialect.Fold(table)]; err != nil || !dropped {
				return err
			}
			if _, err := tx.Exec(ctx, "DROP TABLE "+quote(table)); err != nil || !names[created] {
				return err
			}
			key, err := s.dialect.Key(created, s.dialect.Fold(table))
			if err != nil {
				return err
			}
			_, err = tx.Exec(ctx, "DELETE FROM "+quote(created)+" WHERE id = "+s.dialect.Arg(1), key)
			return err
		})
	})
	return dropped && err == nil, err
}

// ListTables implements [storage.Storage]. Tables of the layout whose names no storage can
// have are left out, which is logged: nothing reaches their documents.
func (s *Store) ListTables(ctx context.Context) ([]string, error) {
	conn, err := s.open()
	var names []string
	if err == nil {
		err = s.read(ctx, conn, func() error {
			names, err = s.tableNames(ctx, conn)
			return err
		})
	}
	names = slices.DeleteFunc(names, func(name string) bool {
		err := storage.CheckTable(name)
		if err != nil {
			slog.WarnContext(ctx, "storage: a table is left out", "backend", s.Backend(), "reason", err)
		}
		return err != nil
	})
	slices.Sort(names)
	return names, s.fail("ListTables", "", "", err)
}

// TableInfo implements [storage.Storage].
func (s *Store) TableInfo(ctx context.Context, table string) (storage.TableInfo, error) {
	info := storage.TableInfo{Name: table}
	err := storage.CheckTable(table)
	if err == nil {
		err = s.tableInfo(ctx, &info)
	}
	if err != nil {
		return storage.TableInfo{}, s.fail("TableInfo", table, "", err)
	}
	return info, nil
}

func (s *Store) tableInfo(ctx context.Context, info *storage.TableInfo) error {
	conn, err := s.open()
	if err != nil {
		return err
	}
	s.forget()
	return s.read(ctx, conn, func() error {
		there, err := s.exists(ctx, conn, info.Name)
		if err == nil && !there {
			err = storage.ErrNoTable
		}
		if err != nil {
			return err
		}
		if info.Records, err = s.count(ctx, conn, info.Name, nil); err != nil {
			return err
		}
		return s.about(ctx, conn, info)
	})
}

// about reads what CreateTable has noted of a table.
func (s *Store) about(ctx context.Context, conn Conn, info *storage.TableInfo) error {
	if there, err := s.exists(ctx, conn, created); err != nil || !there {
		return err
	}
	key, err := s.dialect.Key(created, s.dialect.Fold(info.Name))
	if err != nil {
		return err
	}
	records, err := s.records(ctx, conn, created, " WHERE id = "+s.dialect.Arg(1), key)
	if err != nil || len(records) == 0 {
		return err
	}
	info.Schema, _ = records[0].Document["schema"].(map[string]any)
	info.CreatedAt = records[0].CreatedAt
	return nil
}
