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
//   - a sliding window counter: [Window]. It counts in windows of the clock, and takes the count of the window before as if it had
//     been spread evenly. In a window of the clock it admits at most n; in any other span of
//     that length, at most n and what the one before had admitted in its part of the span that was not even: less than 2n in all.
//     See https://blog.cloudflare.com/counting-things-a-lot-of-different-things/.
//
// One script decides and counts, by the server's clock alone, so that clocks of
// programs do not matter; nor does [repo.Config.Clock]. It calculates in whole microseconds and, where an
// interval is none, in exact fractions of one; a sliding window in whole
// milliseconds. Nothing is rounded: no number is beyond 2^53, up to which those of Lua are exact.
//
// What is counted stays as long as it matters, and then expires by itself: after GCRA has
// admitted n, for n intervals; in a sliding window, for two periods at most. A key takes some 150 bytes for each limit.
//
// When Redis cannot be asked, the error says so, and the caller decides: [Middleware] has an option for it. A request is sent again only if it is known not to have been
// counted. If its reply was lost, the error is [repo.ErrUncertain] and it may have been counted, once: asking again can count it twice, and never admits more than the limit.
package limit
