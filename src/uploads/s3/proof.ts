/** What is looked at of the SDK's results. */
interface Answer {
  readonly Name?: string
  readonly KeyCount?: number
  readonly Key?: string
  readonly ETag?: string
  readonly UploadId?: string
  readonly CopyPartResult?: { readonly ETag?: string }
  readonly CopyObjectResult?: { readonly ETag?: string }
}

/**
 * What only S3 says when it has done something. The console of an S3 server, or a page for signing in, answers
 * 200 to everything; the SDK takes that for done, and a file that was answered with 201 would be nowhere.
 */
const proofs: Readonly<Record<string, (answer: Answer) => unknown>> = {
  ListObjectsV2: ({ Name, KeyCount }) => Name ?? KeyCount,
  PutObject: ({ ETag }) => ETag,
  CreateMultipartUpload: ({ UploadId }) => UploadId,
  UploadPart: ({ ETag }) => ETag,
  UploadPartCopy: ({ CopyPartResult }) => CopyPartResult?.ETag,
  CompleteMultipartUpload: ({ ETag, Key }) => ETag ?? Key,
  CopyObject: ({ CopyObjectResult }) => CopyObjectResult?.ETag,
}

/** Something answered that is not S3. */
export class NotS3 extends Error {
  override name = 'NotS3'
}

/** @throws NotS3 unless the answer to an action is one of S3 */
export function requireProof(action: string, answer: unknown): void {
  const proof = proofs[action]
  if (proof && proof(answer as Answer) === undefined) throw new NotS3(`${action} was not answered by S3.`)
}
