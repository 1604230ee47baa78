/// The inventory service, as all teams see it.
/**

Code that is generic over this trait cannot change the settings of a single call. Pass it a client with these settings: `client.prepare(CallOptions::new().server("…"))`.*/
pub trait Inventory: ::core::marker::Send + ::core::marker::Sync {
    /// Looks a host up by name.
    fn host(
        &self,
        ctxt: &Context,
        name: &str,
    ) -> impl ::core::future::Future<Output = Result<Host>> + ::core::marker::Send;
    /// Needs servers of 2.3 or later: refused on this side when the version cap is lower.
    fn resize(
        &self,
        ctxt: &Context,
        id: Uuid,
        size: u32,
    ) -> impl ::core::future::Future<Output = Result<()>> + ::core::marker::Send;
    /// One way: returns as soon as the broker has accepted it.
    fn touch(
        &self,
        ctxt: &Context,
        id: Uuid,
    ) -> impl ::core::future::Future<Output = Result<()>> + ::core::marker::Send;
    /// One way, to every server on the topic.
    fn refresh_cache(
        &self,
        ctxt: &Context,
        images: &[String],
    ) -> impl ::core::future::Future<Output = Result<()>> + ::core::marker::Send;
}
///The client of [`Inventory`]: calls and casts its methods. Cheap to clone.
///
///On the wire: topic `inventory` · the transport's default exchange · no namespace · versions 2.0 to 2.3.
///
///A method returns a [`Call`](::rpc_runtime::client::Call) or a [`Cast`](::rpc_runtime::client::Cast), which does nothing yet: await it, or adjust it first, as in `client.host(…).server("…").await`.
#[derive(::core::clone::Clone, ::core::fmt::Debug)]
pub struct InventoryClient {
    rpc: ::rpc_runtime::__private::RpcClient,
}
///Serves an implementation of [`Inventory`].
pub struct InventoryEndpoint<S> {
    inner: ::rpc_runtime::__private::EndpointInner<S>,
}
const _: () = {
    use ::rpc_runtime::__private as __rpc;
    use __rpc::parameters::*;
    impl InventoryClient {
        /// A client with the default settings.
        #[must_use]
        pub fn new(transport: &__rpc::Transport) -> Self {
            Self {
                rpc: __rpc::client(transport, &Self::INTERFACE),
            }
        }
        /// A builder for a client.
        pub fn builder(transport: &__rpc::Transport) -> __rpc::ClientBuilder<Self> {
            __rpc::builder(transport, &Self::INTERFACE)
        }
        /// The untyped client, for methods that the trait does not declare.
        pub fn rpc(&self) -> &__rpc::RpcClient {
            &self.rpc
        }
        /// A client with some of this client's settings overridden.
        #[must_use]
        pub fn prepare(&self, options: __rpc::CallOptions) -> Self {
            Self {
                rpc: self.rpc.prepare(options),
            }
        }
        /// Whether the version cap allows messages of this version.
        #[must_use]
        pub fn can_send_version(
            &self,
            version: impl __rpc::Into<__rpc::Version>,
        ) -> ::core::primitive::bool {
            self.rpc.can_send_version(version)
        }
    }
    /// Creates a client of the same servers with the same settings. The namespace, version, version cap
    /// and named times of another interface are not kept.
    #[automatically_derived]
    impl __rpc::From<__rpc::RpcClient> for InventoryClient {
        fn from(rpc: __rpc::RpcClient) -> Self {
            Self {
                rpc: __rpc::of_interface(rpc, &Self::INTERFACE),
            }
        }
    }
    impl<S: Inventory + 'static> InventoryEndpoint<S> {
        /// An endpoint that serves `service`.
        pub fn new(service: S) -> Self {
            Self {
                inner: __rpc::EndpointInner::new(
                    service,
                    const { &InventoryClient::INTERFACE },
                ),
            }
        }
        /// Sets the namespace, in place of the trait's. `None` serves requests without a namespace.
        #[must_use]
        pub fn namespace<'n>(
            self,
            namespace: impl __rpc::Into<__rpc::Option<&'n ::core::primitive::str>>,
        ) -> Self {
            Self {
                inner: self.inner.within(|scope| scope.namespace(namespace)),
            }
        }
        /// Sets the implemented version, in place of the trait's highest.
        #[must_use]
        pub fn version(self, version: impl __rpc::Into<__rpc::Version>) -> Self {
            Self {
                inner: self.inner.within(|scope| scope.version(version)),
            }
        }
        /// Serves requests in these namespaces, too. `None` serves requests without a namespace.
        #[must_use]
        pub fn legacy_namespaces<'n>(
            self,
            namespaces: impl __rpc::IntoIterator<
                Item = __rpc::Option<&'n ::core::primitive::str>,
            >,
        ) -> Self {
            Self {
                inner: self.inner.within(|scope| scope.legacy_namespaces(namespaces)),
            }
        }
    }
    #[automatically_derived]
    impl<S: Inventory + 'static> __rpc::Endpoint for InventoryEndpoint<S> {
        fn scope(&self) -> __rpc::Scope {
            self.inner.scope()
        }
        fn dispatch<'a>(
            &'a self,
            request: &'a __rpc::Invocation<'a>,
        ) -> __rpc::BoxFuture<'a, __rpc::Outcome> {
            self.inner.run(Self::__RPC_HANDLERS, request)
        }
    }
    #[automatically_derived]
    impl<S> ::core::fmt::Debug for InventoryEndpoint<S> {
        fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
            ::core::fmt::Debug::fmt(&self.inner, f)
        }
    }
};
const _: () = {
    use ::rpc_runtime::__private as __rpc;
    impl InventoryClient {
        const __rpc_host: __rpc::Method = __rpc::call("host", __rpc::v(2, 0, 0))
            .with_arguments(&[__rpc::arg("name", "&str")])
            .with_returns("Result<Host>");
        const __rpc_resize: __rpc::Method = __rpc::call("resize", __rpc::v(2, 3, 0))
            .with_arguments(&[__rpc::arg("id", "Uuid"), __rpc::arg("size", "u32")])
            .with_returns("Result<()>");
        const __rpc_touch: __rpc::Method = __rpc::cast("touch", __rpc::v(2, 0, 0))
            .with_arguments(&[__rpc::arg("id", "Uuid")])
            .with_returns("Result<()>");
        const __rpc_refresh_cache: __rpc::Method = __rpc::fanout(
                "refresh_cache",
                __rpc::v(2, 0, 0),
            )
            .with_arguments(&[__rpc::arg("images", "&[String]")])
            .with_returns("Result<()>");
        const __RPC_METHODS: &'static [__rpc::Method] = &[
            Self::__rpc_host,
            Self::__rpc_resize,
            Self::__rpc_touch,
            Self::__rpc_refresh_cache,
        ];
        ///The description of [`Inventory`].
        pub const INTERFACE: __rpc::Interface = __rpc::Interface::new(
                "Inventory",
                __rpc::v(2, 0, 0),
                Self::__RPC_METHODS,
            )
            .with_topic("inventory");
        /// Looks a host up by name.
        /// > Call `host` · since 2.0
        pub fn host<'rpc>(
            &'rpc self,
            ctxt: &'rpc Context,
            name: &'rpc str,
        ) -> __rpc::Call<'rpc, Result<Host>> {
            let __request = move |__args: &mut __rpc::Args<'_>| {
                __args.arg("name", &name).context(ctxt)
            };
            __rpc::Call::new(&self.rpc, &Self::__rpc_host, __request)
        }
        /// Needs servers of 2.3 or later: refused on this side when the version cap is lower.
        /// > Call `resize` · since 2.3
        pub fn resize<'rpc>(
            &'rpc self,
            ctxt: &'rpc Context,
            id: Uuid,
            size: u32,
        ) -> __rpc::Call<'rpc, Result<()>> {
            let __request = move |__args: &mut __rpc::Args<'_>| {
                __args.arg("id", &id);
                __args.arg("size", &size).context(ctxt)
            };
            __rpc::Call::new(&self.rpc, &Self::__rpc_resize, __request)
        }
        /// One way: returns as soon as the broker has accepted it.
        /// > Cast `touch` · since 2.0
        pub fn touch<'rpc>(
            &'rpc self,
            ctxt: &'rpc Context,
            id: Uuid,
        ) -> __rpc::Cast<'rpc, Result<()>> {
            let __request = move |__args: &mut __rpc::Args<'_>| {
                __args.arg("id", &id).context(ctxt)
            };
            __rpc::Cast::new(&self.rpc, &Self::__rpc_touch, __request)
        }
        /// One way, to every server on the topic.
        /// > Cast to all servers `refresh_cache` · since 2.0
        pub fn refresh_cache<'rpc>(
            &'rpc self,
            ctxt: &'rpc Context,
            images: &'rpc [String],
        ) -> __rpc::Cast<'rpc, Result<()>> {
            let __request = move |__args: &mut __rpc::Args<'_>| {
                __args.arg("images", &images).context(ctxt)
            };
            __rpc::Cast::new(&self.rpc, &Self::__rpc_refresh_cache, __request)
        }
    }
    #[automatically_derived]
    impl Inventory for InventoryClient {
        fn host(
            &self,
            ctxt: &Context,
            name: &str,
        ) -> __rpc::BoxFuture<'static, Result<Host>> {
            __rpc::called(InventoryClient::host(self, ctxt, name))
        }
        fn resize(
            &self,
            ctxt: &Context,
            id: Uuid,
            size: u32,
        ) -> __rpc::BoxFuture<'static, Result<()>> {
            __rpc::called(InventoryClient::resize(self, ctxt, id, size))
        }
        fn touch(
            &self,
            ctxt: &Context,
            id: Uuid,
        ) -> __rpc::BoxFuture<'static, Result<()>> {
            __rpc::sent(InventoryClient::touch(self, ctxt, id))
        }
        fn refresh_cache(
            &self,
            ctxt: &Context,
            images: &[String],
        ) -> __rpc::BoxFuture<'static, Result<()>> {
            __rpc::sent(InventoryClient::refresh_cache(self, ctxt, images))
        }
    }
    const _: () = {
        let _ = InventoryEndpoint::<InventoryClient>::__RPC_HANDLERS;
    };
    impl<S: Inventory + 'static> InventoryEndpoint<S> {
        fn __rpc_host(__call: __rpc::Incoming<'_, S>) -> __rpc::Running<'_> {
            let (__ctxt, [__0]) = __call.read(["name"])?;
            let __0 = __0.decode::<__rpc::OwnedStr>()?;
            let (__0,) = __call.keep((__0,));
            __call.answer(<S as Inventory>::host(__call.to, __ctxt, __0))
        }
        fn __rpc_resize(__call: __rpc::Incoming<'_, S>) -> __rpc::Running<'_> {
            let (__ctxt, [__0, __1]) = __call.read(["id", "size"])?;
            let __0 = __0.decode::<Uuid>()?;
            let __1 = __1.decode::<u32>()?;
            __call.answer(<S as Inventory>::resize(__call.to, __ctxt, __0, __1))
        }
        fn __rpc_touch(__call: __rpc::Incoming<'_, S>) -> __rpc::Running<'_> {
            let (__ctxt, [__0]) = __call.read(["id"])?;
            let __0 = __0.decode::<Uuid>()?;
            __call.answer(<S as Inventory>::touch(__call.to, __ctxt, __0))
        }
        fn __rpc_refresh_cache(__call: __rpc::Incoming<'_, S>) -> __rpc::Running<'_> {
            let (__ctxt, [__0]) = __call.read(["images"])?;
            let __0 = __0.decode::<__rpc::OwnedSlice<String>>()?;
            let (__0,) = __call.keep((__0,));
            __call.answer(<S as Inventory>::refresh_cache(__call.to, __ctxt, __0))
        }
        const __RPC_HANDLERS: &'static [__rpc::Handler<S>] = &[
            Self::__rpc_host,
            Self::__rpc_resize,
            Self::__rpc_touch,
            Self::__rpc_refresh_cache,
        ];
    }
    const _: () = {
        trait __Explicit {}
        impl __Explicit for (Context, Result<Host>, Uuid, Result<()>) {}
    };
};
const _: () = {
    #[automatically_derived]
    impl<T: Inventory> Inventory for ::rpc_runtime::__private::Arc<T> {
        fn host(
            &self,
            __1: &Context,
            __2: &str,
        ) -> impl ::core::future::Future<Output = Result<Host>> + ::core::marker::Send {
            <T as Inventory>::host(self, __1, __2)
        }
        fn resize(
            &self,
            __1: &Context,
            __2: Uuid,
            __3: u32,
        ) -> impl ::core::future::Future<Output = Result<()>> + ::core::marker::Send {
            <T as Inventory>::resize(self, __1, __2, __3)
        }
        fn touch(
            &self,
            __1: &Context,
            __2: Uuid,
        ) -> impl ::core::future::Future<Output = Result<()>> + ::core::marker::Send {
            <T as Inventory>::touch(self, __1, __2)
        }
        fn refresh_cache(
            &self,
            __1: &Context,
            __2: &[String],
        ) -> impl ::core::future::Future<Output = Result<()>> + ::core::marker::Send {
            <T as Inventory>::refresh_cache(self, __1, __2)
        }
    }
};
