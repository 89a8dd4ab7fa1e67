import { createHash, randomBytes } from 'node:crypto'

const BYTES = 32

/** A new secret, 256 random bits, in characters that a header, a form and a shell take as they are. */
const generate = (prefix: string): string => `intake_${prefix}${randomBytes(BYTES).toString('base64url')}`

export const generateApiKey = (): string => generate('')
export const generateClientSecret = (): string => generate('secret_')
export const generateAccessToken = (): string => generate('token_')

/**
 * What is stored of a secret: its SHA-256. The secrets that we make are long and random, so a slow hash would protect nothing;
 * whoever sets API_KEY chooses its strength.
 */
export const hashOf = (secret: string): Buffer => createHash('sha256').update(secret).digest()
