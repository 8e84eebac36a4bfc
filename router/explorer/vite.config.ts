import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { defineConfig, type Plugin } from 'vite';

const dist = join(import.meta.dirname, 'dist');

/** GraphiQL's style sheet holds 380 kB of fonts; the fonts of the system show sooner. */
function dropWebFonts(): Plugin {
  return {
    name: 'drop-web-fonts',
    enforce: 'pre',
    transform(code, id) {
      if (!id.endsWith('.css')) return undefined;
      return code.replaceAll(/@font-face\s*\{[^}]*\}/g, '');
    },
  };
}

/** Compresses once here, so that the router does not compress on every request. */
function compress(): Plugin {
  return {
    name: 'compress',
    apply: 'build',
    async closeBundle() {
      const files = (await readdir(dist, { recursive: true })).filter((file) =>
        /\.(js|css|html|svg)$/.test(file),
      );
      await Promise.all(
        files.map(async (file) => {
          const path = join(dist, file);
          const plain = await readFile(path);
          const params = { [constants.BROTLI_PARAM_QUALITY]: 9 };
          await writeFile(`${path}.br`, await promisify(brotliCompress)(plain, { params }));
          await writeFile(`${path}.gz`, await promisify(gzip)(plain, { level: 9 }));
        }),
      );
    },
  };
}

export default defineConfig({
  root: import.meta.dirname,
  base: '/explorer/',
  logLevel: 'warn',
  plugins: [dropWebFonts(), compress()],
  build: {
    outDir: dist,
    emptyOutDir: true,
    target: 'es2022',
    // No inline scripts: the page's policy allows none.
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 2_000,
    rolldownOptions: {
      onwarn(warning, report) {
        // Directives such as "use client" speak to server rendering, which this page has not.
        if (warning.code !== 'MODULE_LEVEL_DIRECTIVE') report(warning);
      },
    },
  },
});
