const FORM = /^multipart\/form-data *(;|$)/i
const JSON_LINES = /^application\/(jsonl|x-ndjson) *(;|$)/i

export const isForm = (mediaType: string | undefined): boolean => FORM.test(mediaType ?? '')

export const isJsonLines = (mediaType: string | undefined): boolean => JSON_LINES.test(mediaType ?? '')
