namespace SeamlessReboot.Angel.Tests.Front;

/// <summary>A directory of the test's own, removed with it. Its path is short, because the paths of unix sockets have to be.</summary>
internal sealed class TempDirectory : IDisposable
{
    internal string Path { get; } = Directory.CreateTempSubdirectory("sat-").FullName;

    internal string this[string name] => System.IO.Path.Combine(Path, name);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
