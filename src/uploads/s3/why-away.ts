/** Where a request went, for the sentences that say why it failed. */
export interface Target {
  readonly bucket: string
  /** As an operator knows the server: its URL, or Amazon S3. */
  readonly server: string
}

/** What the SDK throws, as far as it is known; everything may be missing. */
interface Failure {
  readonly name?: string
  readonly code?: string
  readonly message?: string
  readonly $metadata?: { readonly httpStatusCode?: number }
}

const NO_CREDENTIALS = ['CredentialsProviderError', 'TokenProviderError']
const CREDENTIALS = ['InvalidAccessKeyId', 'SignatureDoesNotMatch', 'InvalidToken', 'ExpiredToken']
const REGION = ['PermanentRedirect', 'AuthorizationHeaderMalformed', 'IllegalLocationConstraintException']

/** Whether other credentials could be needed. Some servers answer no more than 403 to a key that is unknown. */
export function isRefused(error: unknown): boolean {
  const { name = '', $metadata } = error as Failure
  const status = $metadata?.httpStatusCode
  return NO_CREDENTIALS.includes(name) || CREDENTIALS.includes(name) || status === 401 || status === 403
}

/**
 * Why S3 could not do what was asked, and the remedy, in sentences for an operator.
 *
 * @param action what was asked, such as `PutObject`.
 */
export function whyAway(error: unknown, action: string, { bucket, server }: Target): string {
  const { name = '', code = '', message = '', $metadata } = error as Failure
  const status = $metadata?.httpStatusCode
  const said = [status, name || code].filter(Boolean).join(' ')
  if (NO_CREDENTIALS.includes(name)) {
    return `There are no credentials for ${server}: ${message} Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give this machine a role.`
  }
  if (message === 'Region is missing') {
    return `The region of the bucket "${bucket}" is not known. Set AWS_REGION.`
  }
  if (name === 'NotS3') {
    return `What answers at ${server} is not S3. Is AWS_ENDPOINT_URL the address of the S3 API, not of its console, and is no page for signing in between?`
  }
  if (name === 'NoSuchBucket') {
    return `The bucket "${bucket}" does not exist at ${server}. Create it, or correct UPLOAD_STORE.`
  }
  if (CREDENTIALS.includes(name) || status === 401) {
    return `${server} does not accept the credentials for the bucket "${bucket}" (${said}). Check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the role of this machine.`
  }
  if (REGION.includes(name) || status === 301) {
    return `The bucket "${bucket}" is not in the region that was asked (${said}). Correct AWS_REGION.`
  }
  if (name === 'RequestTimeTooSkewed') {
    return `The clock of this machine is not that of ${server}. Set both by NTP.`
  }
  if (status === 403) {
    return `${server} denies ${action} in the bucket "${bucket}" (${said}). Grant what docs/operations/s3.md lists.`
  }
  if (name === 'AbortError' || name === 'TimeoutError') {
    return `${server} does not answer ${action} in the bucket "${bucket}". Is it overloaded, or its network broken?`
  }
  if (status !== undefined) {
    return `${server} answered ${action} in the bucket "${bucket}" with ${said}. It is asked again; its log or status page may say more.`
  }
  return `${server} cannot be reached (${code || name}). Is it running, is AWS_ENDPOINT_URL correct, and does a network or firewall lie between?`
}
