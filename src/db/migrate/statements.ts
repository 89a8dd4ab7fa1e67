/**
 * What the parts of a text in SQL are, as far as a semicolon in them ends no statement: comments, strings, quoted
 * names, and texts in dollars (PostgreSQL, 4.1 Lexical Structure).
 */
const PARTS = /--[^\n]*|\/\*.*?\*\/|'[^']*'|"[^"]*"|\$(\w*)\$.*?\$\1\$|;|[^;'"$/-]+|./gs

/** The statements of a migration, each with the comments before it. The last one may lack its semicolon. */
export function statementsIn(text: string): string[] {
  const statements: string[] = []
  let statement = ''
  let isEmpty = true
  for (const [part] of text.matchAll(PARTS)) {
    statement += part
    if (part === ';') {
      statements.push(statement)
      statement = ''
      isEmpty = true
    } else if (!/^(?:\s*$|--|\/\*)/.test(part)) {
      isEmpty = false
    }
  }
  if (!isEmpty) statements.push(statement)
  return statements
}
