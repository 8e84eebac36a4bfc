import { makeCertificate } from '@caregraph/testbed/network';
import { describe, expect, it, vi } from 'vitest';
import { code } from '../test-driver.ts';
import { createVaultBed } from './test-vault-bed.ts';

const { start } = createVaultBed();

describe('TLS', () => {
  it('with the authority that is named, and no other', async () => {
    const authority = await makeCertificate('authority', { authority: true });
    const tls = await makeCertificate('vault', { by: authority });
    const { service } = await start({ ca: authority.cert }, { tls });
    expect(await service.currentVersion()).toBe(1);
    const another = await makeCertificate('another', { authority: true });
    const { service: distrusting } = await start({ ca: another.cert }, { tls });
    await expect(distrusting.currentVersion()).rejects.toEqual(
      code('KEY_SERVICE_MISCONFIGURED', /not trusted/),
    );
  });

  it('is refused without it, whatever the environment says', async () => {
    vi.stubEnv('VAULT_SKIP_VERIFY', '1');
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    const { cert, key } = await makeCertificate('vault');
    const { service } = await start({}, { tls: { cert, key } });
    await expect(service.currentVersion()).rejects.toEqual(
      code('KEY_SERVICE_MISCONFIGURED', /VAULT_CA_FILE/),
    );
  });
});
