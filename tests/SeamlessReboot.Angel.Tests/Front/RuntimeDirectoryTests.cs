using SeamlessReboot.Angel.Daemon;
using SeamlessReboot.Angel.Discovery;
using SeamlessReboot.Posix;

namespace SeamlessReboot.Angel.Tests.Front;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class RuntimeDirectoryTests : IDisposable
{
    private readonly TempDirectory _directory = new();
    private readonly User _user = User.Current();

    public void Dispose() => _directory.Dispose();

    [Test]
    public void It_is_made_for_its_user_alone()
    {
        string path = Path.Combine(_directory.Path, RuntimeDirectory.Folder(_user.Id), "talker");
        Create(path);
        Create(path);
        UnixFileMode alone = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        Assert.That(File.GetUnixFileMode(path), Is.EqualTo(alone));
        Assert.That(File.GetUnixFileMode(Path.GetDirectoryName(path)!), Is.EqualTo(alone));
    }

    [Test]
    public void One_that_others_can_enter_is_refused()
    {
        string path = _directory["open"];
        Directory.CreateDirectory(path, (UnixFileMode)0x1ED);
        Assert.That(() => Create(path), Throws.TypeOf<AngelException>().With.Message.Contains("chmod 700"));
    }

    [Test]
    public void A_symlink_is_refused()
    {
        Directory.CreateSymbolicLink(_directory["link"], _directory.Path);
        Assert.That(() => Create(_directory["link"]), Throws.TypeOf<AngelException>().With.Message.Contains("symlink"));
    }

    [Test]
    public void A_file_in_its_place_is_refused()
    {
        File.WriteAllText(_directory["file"], "");
        Assert.That(() => Create(_directory["file"]), Throws.TypeOf<AngelException>().With.Message.Contains("not a directory"));
    }

    [Test]
    public void Somebody_elses_is_refused()
    {
        if (DirectoryHandle.CurrentUser() == 0)
        {
            Directory.CreateDirectory(_directory["theirs"], UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            Assert.That(Mono.Unix.Native.Syscall.chown(_directory["theirs"], 4711, 4711), Is.Zero);
            Assert.That(() => Create(_directory["theirs"]), Throws.TypeOf<AngelException>().With.Message.Contains("belongs to user 4711"));
        }
        else
        {
            Assert.That(() => Create("/root"), Throws.TypeOf<AngelException>());
        }
    }

    [Test]
    public void Root_makes_for_a_user_what_is_in_its_own_directory_and_leaves_the_rest_to_that_user()
    {
        if (DirectoryHandle.CurrentUser() != 0)
            Assert.Ignore("Only root can give a directory away.");
        string folder = Path.Combine(_directory.Path, RuntimeDirectory.Folder(4711));
        RuntimeDirectory.Create(Path.Combine(folder, "talker"), 4711, 4712);
        Assert.That(Mono.Unix.Native.Syscall.stat(folder, out Mono.Unix.Native.Stat stat), Is.Zero);
        Assert.That((stat.st_uid, stat.st_gid), Is.EqualTo((4711u, 4712u)));
        Assert.That(Directory.GetFileSystemEntries(folder), Is.Empty);
    }

    [Test]
    [NonParallelizable]
    public void A_directory_of_the_environment_that_is_another_users_is_not_for_root()
    {
        if (DirectoryHandle.CurrentUser() != 0)
            Assert.Ignore("Only root can make another user's directory.");
        string? before = Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR");
        try
        {
            Environment.SetEnvironmentVariable("XDG_RUNTIME_DIR", _directory.Path);
            Assert.That(RuntimeDirectory.DefaultBase(0), Is.EqualTo(_directory.Path));
            Assert.That(Mono.Unix.Native.Syscall.chown(_directory.Path, 4711, 4711), Is.Zero);
            Assert.That(RuntimeDirectory.DefaultBase(0), Is.EqualTo("/run"), "as after sudo -E");
        }
        finally
        {
            Environment.SetEnvironmentVariable("XDG_RUNTIME_DIR", before);
        }
    }

    [Test]
    public void A_path_too_long_for_a_socket_is_refused_before_it_is_made()
    {
        string path = Path.Combine(_directory.Path, new string('x', 100));
        Assert.That(() => Create(path), Throws.TypeOf<AngelException>().With.Message.Contains("107 bytes").And.Message.Contains("--runtime-dir"));
        Assert.That(Directory.Exists(path), Is.False);
    }

    [Test]
    public void Only_a_directory_where_nobody_else_writes_is_trusted()
    {
        Assert.That(RuntimeDirectory.IsTrusted(_directory.Path, _user.Id), Is.True);
        Assert.That(RuntimeDirectory.IsTrusted(_directory.Path, _user.Id + 1), Is.False);
        File.SetUnixFileMode(_directory.Path, (UnixFileMode)0x1FF);
        Assert.That(RuntimeDirectory.IsTrusted(_directory.Path, _user.Id), Is.False);
        Assert.That(RuntimeDirectory.IsTrusted(_directory["none"], _user.Id), Is.False);
    }

    private void Create(string path) => RuntimeDirectory.Create(path, _user.Id, _user.Group);
}
