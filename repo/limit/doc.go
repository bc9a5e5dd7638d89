// Package limit limits how often something happens: requests of a user, logins from an
// address, calls of a service that charges for them. Programs that share a Redis share the
// limits.
//
//	limiter, err := limit.New(client, "api", limit.PerSecond(10).Burst(20), limit.PerDay(10_000))
//	…
//	result, err := limiter.Allow(ctx, userID)
//	if err == nil && !result.Allowed {
//		// try again in result.RetryAfter
//	}
//
// There are two algorithms, which a [Limiter] can combine:
//
//   - GCRA, the generic cell rate algorithm: [PerSecond], [PerMinute], [PerHour], [PerDay], [Every] and [Rate].
//     It admits a burst and then one after each interval. In a span of time s it admits at most burst + s/interval.
//     The algorithm is that of ITU-T I.371, annex A (https://www.itu.int/rec/T-REC-I.371),
//     as virtual scheduling.
//   - a sliding window counter: [Window]. It takes the count of the period before as if it had been spread
//     evenly, and lets it fade. It admits at most n in each period of the clock, and less than 2n in any other span
//     of that length. See https://blog.cloudflare.com/counting-things-a-lot-of-different-things/.
//
// One script decides and counts, by the server's clock alone, so that clocks of programs do not matter; nor
// does [repo.Config.Clock]. It calculates in whole microseconds and, where an interval is none, in exact fractions of
// one; a sliding window in whole milliseconds. Nothing is rounded: no number is beyond 2^53, up to which
// those of Lua are exact.
//
// What is counted expires by itself when it no longer matters: when all that was admitted has come back, and in a
// sliding window after two periods at most. It takes some 100 to 140 bytes for each limit of a key.
//
// When Redis cannot be asked, the error says so, and the caller decides: [Middleware] has an option for it. A
// request is sent again only if it is known not to have been counted. If its reply was lost, the error is
// [repo.ErrUncertain] and it may have been counted, once: asking again can count it twice, and never admits more
// than the limit.
package limit
