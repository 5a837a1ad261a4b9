import { bundleHandler, loadHandlers } from '../examples/patient-intake/demo/bundle.ts'
import { startSandbox } from '../examples/patient-intake/demo/sandbox.ts'
import { atMost, type Figure } from './figure.ts'

/**
 * KMS calls of the example's first and of a warm invocation: ten encrypted values in and ten out, and a row with them
 * stored in between, all under one hierarchical keyring.
 */
export const kmsCallFigures = async (): Promise<readonly Figure[]> => {
  const { file } = await bundleHandler()
  const sandbox = await startSandbox(() => loadHandlers(file))
  try {
    const cold = await sandbox.observe(await sandbox.request())
    const warm = await sandbox.observe(await sandbox.request())
    if (cold.status !== 201 || warm.status !== 201) throw new Error('the example did not answer 201')
    return [
      atMost(
        'kms-calls-cold',
        cold.kmsCalls.length,
        2,
        'calls',
        'first invocation of the example, its row included',
      ),
      atMost('kms-calls-warm', warm.kmsCalls.length, 0, 'calls', 'a warm invocation with a body sealed anew'),
    ]
  } finally {
    await sandbox.close()
  }
}
