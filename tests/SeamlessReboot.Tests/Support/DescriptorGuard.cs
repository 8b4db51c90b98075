using SeamlessReboot.Posix;

[assembly: LevelOfParallelism(4)]

/// <summary>
/// What the test host has inherited without close-on-exec would pass for inherited descriptors of a rebooted server, and be closed.
/// In no namespace, so that it goes before all tests.
/// </summary>
[SetUpFixture]
internal sealed class DescriptorGuard
{
    [OneTimeSetUp]
    public void Mark()
    {
        foreach (int fd in Fd.ListOpen() ?? [])
            if (fd > 2)
                Fd.TrySetCloseOnExec(fd, true);
    }
}
