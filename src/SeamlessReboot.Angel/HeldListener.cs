namespace SeamlessReboot.Angel;

/// <summary>A listening socket that the angel has opened for its servers.</summary>
/// <param name="Name">What LISTEN_FDNAMES calls it.</param>
/// <param name="Fd">The descriptor in the angel; closed by exec.</param>
/// <param name="Uri">What --listen said, with the port that the kernel has chosen where it was 0.</param>
internal sealed record HeldListener(string Name, int Fd, string Uri);
