import { startSandbox } from '../examples/patient-intake/demo/sandbox.ts'
import { atMost, type Figure } from './figure.ts'

/**
 * KMS calls of the example's first and of a warm invocation: ten sealed values in and ten out, and a row of the same
 * stored in between, all under one hierarchical keyring.
 */
export const kmsCallFigures = async (): Promise<readonly Figure[]> => {
  const sandbox = await startSandbox()
  try {
    const body = await sandbox.seal()
    const cold = await sandbox.call({ body })
    const warm = await sandbox.call({ body: await sandbox.seal() })
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
