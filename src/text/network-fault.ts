const faults: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'there is no host with this name',
  EAI_AGAIN: 'the name of the host cannot be resolved',
  ECONNRESET: 'the connection broke',
  EPIPE: 'the connection broke',
  UND_ERR_SOCKET: 'the connection broke',
  ETIMEDOUT: 'it does not answer',
  UND_ERR_CONNECT_TIMEOUT: 'it does not answer',
  TimeoutError: 'it does not answer',
}

/** What went wrong below HTTP, to end a sentence. */
export function networkFault(error: unknown): string {
  const cause = (error as { cause?: unknown }).cause ?? error
  const { code, name, message } = cause as NodeJS.ErrnoException
  return faults[code ?? ''] ?? faults[name] ?? (message || String(error))
}
