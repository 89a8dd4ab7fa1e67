/**
 * The parser's own words, without the copy of the line that it appends. It counts from 0 and, from Node 22 on, adds
 * "(line 1 column 8)": a line of a file always has the line 1, which would lead astray.
 */
export const whyNotJson = ({ message }: SyntaxError): string =>
  message
    .replace(/, (\.\.\.)?".*is not valid JSON$/s, '')
    .replace(/ \(line \d+ column \d+\)$/, '')
    .replace(/ in JSON (?=at position \d+$)/, ' ')
    .replace(/ after JSON (?=at position \d+$)/, ' after the value ')
    .replace(/at position (\d+)$/, (_, position) => `at character ${Number(position) + 1}`)
