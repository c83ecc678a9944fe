import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { EspalierError } from '../../../ir/index.ts'
import { sourceProblem } from '../../base/error.ts'
import { fileReason } from '../../base/file-error.ts'
import { packageRoot } from '../../base/package.ts'

const path = join(packageRoot, 'dist/page/script.js')

/** The script of pages with ECharts in it, as `npm run build` bundles it. @throws EspalierError where that was not done */
export const pageScript = async (): Promise<string> => {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    const problem = sourceProblem(
      'missing-file',
      path,
      fileReason(error),
      'the script of pages',
      'npm run build makes it',
    )
    throw new EspalierError([problem], 'failure')
  }
}
