const grouped = new Intl.NumberFormat('en-US')
const oneDecimal = new Intl.NumberFormat('en-US', { maximumFractionDigits: 1, minimumFractionDigits: 1 })

/** `50,000` */
export const number = (value: number): string => grouped.format(value)

/** `1 record`, `50,000 records` */
export const counted = (value: number, noun: string, plural = `${noun}s`): string =>
  `${number(value)} ${value === 1 ? noun : plural}`

/** Bytes in decimal units, as file managers and networks count: `907 B`, `14.1 MB`. */
export function size(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  const unit = Math.min(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), units.length - 1)
  return `${unit === 0 ? bytes : oneDecimal.format(bytes / 1000 ** unit)} ${units[unit]}`
}
