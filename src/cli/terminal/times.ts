/*
 * Times of the API, RFC 3339 in UTC, as a person reads them. Where many stand below each other, the heading has
 * the zone.
 */

/** `2026-11-22 04:49:38 UTC` */
export const moment = (time: string): string => `${withoutZone(time)} UTC`

/** `2026-11-22 04:49:38` */
export const withoutZone = (time: string): string => time.slice(0, 19).replace('T', ' ')

/** `2026-11-22 04:49` */
export const minute = (time: string): string => time.slice(0, 16).replace('T', ' ')

/** `2026-11-22` */
export const day = (time: string): string => time.slice(0, 10)
