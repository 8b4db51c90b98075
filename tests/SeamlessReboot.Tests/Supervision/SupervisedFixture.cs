using SeamlessReboot.Spool;
using SeamlessReboot.Tests.Support;

namespace SeamlessReboot.Tests.Supervision;

/// <summary>
/// A supervisor that starts the server again after a death. The dead image is one that stands still in its exec; what it wrote for that
/// is removed, so that only what a death leaves is there.
/// </summary>
internal abstract class SupervisedFixture : RebooterFixture
{
    protected FakeSupervisor Supervisor => _supervisor!;

    private FakeSupervisor? _supervisor;

    [SetUp]
    public void Supervise() => _supervisor = Ends(new FakeSupervisor(Temp["notify"]));

    [TearDown]
    public void End() => _supervisor!.Dispose();

    protected Image Start(RebooterOptions? options = null) => New(options, Supervisor.Restart([])).Register().Serve();

    protected async Task DieAsync(Image image)
    {
        await image.RebootAsync();
        File.Delete(Path.Combine(SpoolDirectory, SpoolFormat.RebootName));
    }

    protected Image Restart(RebooterOptions? options = null) => New(options, Supervisor.Restart());
}
