import type { LocalKms } from '@glassine/testing'

/** Sets the environment that the handler reads when it is loaded, as Lambda would, to a local KMS. */
export const pointAt = (kms: LocalKms): void => {
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_KMS: kms.endpoint,
    LOCAL_KMS_ENDPOINT: kms.endpoint,
    AWS_REGION: kms.region,
    AWS_ACCESS_KEY_ID: kms.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: kms.credentials.secretAccessKey,
    // On Node 20 the SDK would print between our lines that Node 22 is to come.
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
  })
}
