using SeamlessReboot.Angel.Children;

namespace SeamlessReboot.Angel.Tests.Support;

/// <summary>Releases that lie where the test says.</summary>
internal sealed class FakeFiles : ReleaseFiles
{
    /// <summary>Where the command's link points to.</summary>
    public string Current { get; set; } = "/releases/1";

    public HashSet<string> Missing { get; } = [];

    internal override Release? Resolve(Release release) => new([$"{Current}/{release.Command[0]}", .. release.Command.Skip(1)], release.Directory);

    internal override StartFailureException? Check(Release release) =>
        Missing.Contains(release.Command[0]) ? new StartFailureException(StartFailureException.NotFound, "missing") : null;
}
