/** Lets the browser save bytes as a file. */
export function save(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob)
  const link = document.createElement('a')
  link.href = url
  // The browser would replace these characters.
  link.download = name.replaceAll(/[\\/:*?"<>|]/g, '_')
  link.click()
  // Not at once: the browser reads the URL after the click.
  setTimeout(() => URL.revokeObjectURL(url), 60_000)
}
